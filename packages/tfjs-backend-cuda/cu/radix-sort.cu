// Sorts tokens by their ids, tokens of equal ids by their order: a stable radix sort, eight bits of the ids at a time from
// the lowest on. The time is proportional to the number of tokens, whatever the ids.
//
// Each pass takes three kernels. A tile is as many tokens as a block has threads.
//   count_digits   places[t, d] = the number of tokens of tile t whose digit is d
//   find_places    places[t, d] = the first place for these tokens: behind those with smaller digits, and those with the
//                  same digit in tiles before t
//   place_tokens   moves each token to its place: behind those with the same digit before it in its tile
#include "portable.h"

namespace {

constexpr int kDigits = 256;  // also the tokens of a tile and the threads of a block

// The digit of an id. An id outside [0, rows) counts as `rows`, which is behind all others.
__device__ inline int digit_of(int id, int rows, int shift) {
  const unsigned key = id < 0 || id > rows ? rows : id;
  return key >> shift & (kDigits - 1);
}

}  // namespace

// ids [tokens], places [tiles, 256]. Grid: [tiles].
BOUNDED_KERNEL(kDigits, 4, count_digits, (const int* ids, int* places, int tokens, int rows, int shift)) {
  __shared__ int digits[kDigits];
  const int first = blockIdx.x * kDigits, count = min(kDigits, tokens - first), thread = threadIdx.x;
  if (thread < count) digits[thread] = digit_of(ids[first + thread], rows, shift);
  __syncthreads();
  int sum = 0;
  for (int i = 0; i < count; ++i) sum += digits[i] == thread;
  places[static_cast<size_t>(blockIdx.x) * kDigits + thread] = sum;
}

// places [tiles, 256]. One block, a thread for each digit.
BOUNDED_KERNEL(kDigits, 1, find_places, (int* places, int tiles)) {
  __shared__ int sums[kDigits];
  const int digit = threadIdx.x;
  int* const column = places + digit;
  int sum = 0;
#pragma unroll 8
  for (int tile = 0; tile < tiles; ++tile) sum += column[static_cast<size_t>(tile) * kDigits];
  sums[digit] = sum;
  __syncthreads();
  int place = 0;
  for (int smaller = 0; smaller < digit; ++smaller) place += sums[smaller];
#pragma unroll 8
  for (int tile = 0; tile < tiles; ++tile) {
    int& at = column[static_cast<size_t>(tile) * kDigits];
    const int count = at;
    at = place;
    place += count;
  }
}

// ids, order, placed_ids, placed_order [tokens], places [tiles, 256]. order is null in the first pass: token i is at i.
// Grid: [tiles].
BOUNDED_KERNEL(kDigits, 4, place_tokens,
               (const int* ids, const int* order, const int* places, int* placed_ids, int* placed_order, int tokens,
                int rows, int shift)) {
  __shared__ int digits[kDigits];
  const int thread = threadIdx.x, at = blockIdx.x * kDigits + thread;
  const int id = at < tokens ? ids[at] : 0, digit = digit_of(id, rows, shift);
  digits[thread] = digit;
  __syncthreads();
  if (at >= tokens) return;
  int place = places[static_cast<size_t>(blockIdx.x) * kDigits + digit];
  for (int i = 0; i < thread; ++i) place += digits[i] == digit;
  placed_ids[place] = id;
  placed_order[place] = order == nullptr ? at : order[at];
}
