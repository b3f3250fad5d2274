// The second stage of sums over the rows of a table: adds the partial sums that the blocks of the first stage wrote.
#include "portable.h"

namespace {
constexpr int kColumns = 32, kSlices = 8;
}

// sums[column] (+)= Σ_part parts[part, column], for one table of partial sums or two: parts [tables, count, columns].
// Block: [32, 8]; grid: [⌈columns / 32⌉, tables]. The order depends on `count` only.
BOUNDED_KERNEL(kColumns* kSlices, 1, add_column_parts,
               (const float* parts, float* first, float* second, int count, int columns, int accumulate_first,
                int accumulate_second)) {
  __shared__ float slices[kSlices][kColumns];
  const int column = blockIdx.x * kColumns + threadIdx.x;
  const float* table = parts + static_cast<size_t>(blockIdx.y) * count * columns;
  float sum = 0;
  if (column < columns) {
    for (int part = threadIdx.y; part < count; part += kSlices) {
      sum += table[static_cast<size_t>(part) * columns + column];
    }
  }
  slices[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.y > 0 || column >= columns) return;
  for (int slice = 1; slice < kSlices; ++slice) sum += slices[slice][threadIdx.x];
  float* sums = blockIdx.y == 0 ? first : second;
  const bool accumulate = (blockIdx.y == 0 ? accumulate_first : accumulate_second) != 0;
  sums[column] = accumulate ? sums[column] + sum : sum;
}
