#pragma once

#include <cstdint>

#include "../bfloat16.h"
#include "../inline.h"
#include "../small-gemm.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

// Attention of one query to keys and values whose rows may be anywhere in memory, one head at a time.
namespace onednn_backend {

INLINE Floats8 load_floats8(const float* source) { return load8(source); }

INLINE Floats8 load_floats8(const uint16_t* source) {
#if defined(__AVX2__)  // one instruction; GCC 12 would widen four values at a time
  const __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i*>(source));
  return reinterpret_cast<Floats8>(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
#else
  typedef uint16_t Halves __attribute__((vector_size(16)));
  typedef uint32_t Words __attribute__((vector_size(32)));
  Halves halves;
  std::memcpy(&halves, source, sizeof halves);
  const Words words = __builtin_convertvector(halves, Words) << 16;
  Floats8 values;
  std::memcpy(&values, &words, sizeof values);
  return values;
#endif
}

// sums[i] = Σ over the lanes of r[i].
INLINE void lane_sums(Floats8 (&r)[4], float (&sums)[4]) {
  const Floats8 ab = pair_low(r[0], r[1]) + pair_high(r[0], r[1]);
  const Floats8 cd = pair_low(r[2], r[3]) + pair_high(r[2], r[3]);
  const Floats8 all = first_pairs(ab, cd) + second_pairs(ab, cd);
  for (int i = 0; i < 4; i++) sums[i] = all[i] + all[i + 4];
}

// scores[i] = Σ_d query[d] · keys[i][offset + d] for i in [0, count); dim is a multiple of 8.
template <class Stored>
INLINE void score_rows(const float* query, const Stored* const* keys, int64_t offset, int64_t count, int64_t dim,
                       float* scores) {
  for (int64_t first = 0; first < count; first += 4) {
    const Stored* rows[4];
    for (int64_t i = 0; i < 4; i++) rows[i] = keys[first + i < count ? first + i : count - 1] + offset;
    Floats8 products[4] = {};
    for (int64_t d = 0; d < dim; d += 8) {
      const Floats8 q = load8(query + d);
      for (int i = 0; i < 4; i++) products[i] += q * load_floats8(rows[i] + d);
    }
    float sums[4];
    lane_sums(products, sums);
    for (int64_t i = 0; i < 4 && first + i < count; i++) scores[first + i] = sums[i];
  }
}

template <int BLOCKS, class Stored>
INLINE void weigh_blocks(const float* weights, const Stored* const* values, int64_t offset, int64_t count,
                         float* output) {
  Floats8 sums[BLOCKS] = {};
  for (int64_t i = 0; i < count; i++) {
    const Floats8 weight = repeat8(weights[i]);
    for (int block = 0; block < BLOCKS; block++) sums[block] += weight * load_floats8(values[i] + offset + 8 * block);
  }
  for (int block = 0; block < BLOCKS; block++) store8(output + 8 * block, sums[block]);
}

// output[d] = Σ_i weights[i] · values[i][offset + d]; dim is a multiple of 8.
template <class Stored>
INLINE void weigh_rows(const float* weights, const Stored* const* values, int64_t offset, int64_t count, int64_t dim,
                       float* output) {
  int64_t d = 0;
  for (; d + 32 <= dim; d += 32) weigh_blocks<4>(weights, values, offset + d, count, output + d);
  for (; d < dim; d += 8) weigh_blocks<1>(weights, values, offset + d, count, output + d);
}

}  // namespace onednn_backend
