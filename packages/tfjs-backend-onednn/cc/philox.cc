#include "philox.h"

#include "rounding.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace onednn_backend {

namespace {

constexpr uint32_t kMultiplier0 = 0xd2511f53u, kMultiplier1 = 0xcd9e8d57u;
constexpr uint32_t kWeyl0 = 0x9e3779b9u, kWeyl1 = 0xbb67ae85u;
constexpr int kRounds = 10;
constexpr int64_t kBlockElements = 4;

#if !defined(__AVX2__)

// Fills `batches` times 32 elements, starting at counter block `block`.
void mask_batches(const Dropout& dropout, uint64_t block, int64_t batches, float* mask) {
  const uint32_t threshold = dropout.threshold();
  const float scale = dropout.scale();
  for (int64_t i = 0; i < batches * kPhiloxElements / kBlockElements; i++) {
    uint32_t c0 = static_cast<uint32_t>(block + i), c1 = static_cast<uint32_t>((block + i) >> 32);
    uint32_t c2 = dropout.site, c3 = dropout.micro_batch, k0 = dropout.seed, k1 = dropout.update;
    for (int round = 0; round < kRounds; round++) {
      const uint64_t product0 = uint64_t{kMultiplier0} * c0, product1 = uint64_t{kMultiplier1} * c2;
      c0 = static_cast<uint32_t>(product1 >> 32) ^ c1 ^ k0;
      c1 = static_cast<uint32_t>(product1);
      c2 = static_cast<uint32_t>(product0 >> 32) ^ c3 ^ k1;
      c3 = static_cast<uint32_t>(product0);
      k0 += kWeyl0;
      k1 += kWeyl1;
    }
    const uint32_t words[4] = {c0, c1, c2, c3};
    for (int word = 0; word < 4; word++) mask[i * kBlockElements + word] = words[word] < threshold ? 0.0f : scale;
  }
}

#elif defined(__AVX512F__)

// Counters of 8 blocks, one in the low half of each 64-bit lane. The multiplication ignores the high halves.
struct Counters {
  __m512i c0, c1, c2, c3;
};

inline Counters first_counters(const Dropout& dropout, uint64_t block) {
  const __m512i index =
      _mm512_add_epi64(_mm512_set1_epi64(static_cast<int64_t>(block)), _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7));
  return {index, _mm512_srli_epi64(index, 32), _mm512_set1_epi64(dropout.site), _mm512_set1_epi64(dropout.micro_batch)};
}

inline __m512i xor3(__m512i a, __m512i b, __m512i c) { return _mm512_ternarylogic_epi64(a, b, c, 0x96); }

inline Counters next_round(const Counters& c, __m512i k0, __m512i k1) {
  const __m512i product0 = _mm512_mul_epu32(c.c0, _mm512_set1_epi64(kMultiplier0));
  const __m512i product1 = _mm512_mul_epu32(c.c2, _mm512_set1_epi64(kMultiplier1));
  return {xor3(_mm512_srli_epi64(product1, 32), c.c1, k0), product1, xor3(_mm512_srli_epi64(product0, 32), c.c3, k1),
          product0};
}

// Compares the words with the threshold, in order, block by block: 32 elements.
inline void store_mask(const Counters& c, __m512i threshold, __m512 scale, float* mask) {
  const __m512i words01 = _mm512_mask_blend_epi32(0xaaaa, c.c0, _mm512_slli_epi64(c.c1, 32));
  const __m512i words23 = _mm512_mask_blend_epi32(0xaaaa, c.c2, _mm512_slli_epi64(c.c3, 32));
  const __m512i even = _mm512_unpacklo_epi64(words01, words23);  // blocks 0, 2, 4, 6
  const __m512i odd = _mm512_unpackhi_epi64(words01, words23);   // blocks 1, 3, 5, 7
  const __m512i first = _mm512_permutex2var_epi64(even, _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11), odd);
  const __m512i second = _mm512_permutex2var_epi64(even, _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15), odd);
  _mm512_storeu_ps(mask, _mm512_maskz_mov_ps(_mm512_cmpge_epu32_mask(first, threshold), scale));
  _mm512_storeu_ps(mask + 16, _mm512_maskz_mov_ps(_mm512_cmpge_epu32_mask(second, threshold), scale));
}

// Fills `sets` times 32 elements, starting at counter block `block`. Several sets of counters hide the latency of the
// products.
template <int sets>
inline void mask_sets(const Dropout& dropout, uint64_t block, float* mask) {
  Counters counters[sets];
  for (int set = 0; set < sets; set++) counters[set] = first_counters(dropout, block + 8 * set);
  __m512i k0 = _mm512_set1_epi64(dropout.seed), k1 = _mm512_set1_epi64(dropout.update);
  for (int round = 0; round < kRounds; round++) {
    for (int set = 0; set < sets; set++) counters[set] = next_round(counters[set], k0, k1);
    k0 = _mm512_add_epi64(k0, _mm512_set1_epi64(kWeyl0));
    k1 = _mm512_add_epi64(k1, _mm512_set1_epi64(kWeyl1));
  }
  const __m512i threshold = _mm512_set1_epi32(static_cast<int32_t>(dropout.threshold()));
  const __m512 scale = _mm512_set1_ps(dropout.scale());
  for (int set = 0; set < sets; set++) store_mask(counters[set], threshold, scale, mask + set * kPhiloxElements);
}

void mask_batches(const Dropout& dropout, uint64_t block, int64_t batches, float* mask) {
  int64_t batch = 0;
  for (; batch + 4 <= batches; batch += 4) mask_sets<4>(dropout, block + 8 * batch, mask + batch * kPhiloxElements);
  for (; batch < batches; batch++) mask_sets<1>(dropout, block + 8 * batch, mask + batch * kPhiloxElements);
}

#else

// Counters of 4 blocks, one in the low half of each 64-bit lane. The multiplication ignores the high halves.
struct Counters {
  __m256i c0, c1, c2, c3;
};

inline Counters first_counters(const Dropout& dropout, uint64_t block) {
  const __m256i index =
      _mm256_add_epi64(_mm256_set1_epi64x(static_cast<int64_t>(block)), _mm256_setr_epi64x(0, 1, 2, 3));
  return {index, _mm256_srli_epi64(index, 32), _mm256_set1_epi64x(dropout.site),
          _mm256_set1_epi64x(dropout.micro_batch)};
}

inline Counters next_round(const Counters& c, __m256i k0, __m256i k1) {
  const __m256i product0 = _mm256_mul_epu32(c.c0, _mm256_set1_epi64x(kMultiplier0));
  const __m256i product1 = _mm256_mul_epu32(c.c2, _mm256_set1_epi64x(kMultiplier1));
  return {_mm256_xor_si256(_mm256_srli_epi64(product1, 32), _mm256_xor_si256(c.c1, k0)), product1,
          _mm256_xor_si256(_mm256_srli_epi64(product0, 32), _mm256_xor_si256(c.c3, k1)), product0};
}

// Compares the words with the threshold, in order, block by block: 16 elements.
inline void store_mask(const Counters& c, __m256i threshold, __m256 scale, float* mask) {
  const __m256i words01 = _mm256_blend_epi32(c.c0, _mm256_slli_epi64(c.c1, 32), 0xaa);
  const __m256i words23 = _mm256_blend_epi32(c.c2, _mm256_slli_epi64(c.c3, 32), 0xaa);
  const __m256i even = _mm256_unpacklo_epi64(words01, words23);  // blocks 0 and 2
  const __m256i odd = _mm256_unpackhi_epi64(words01, words23);   // blocks 1 and 3
  const __m256i halves[2] = {_mm256_permute2x128_si256(even, odd, 0x20), _mm256_permute2x128_si256(even, odd, 0x31)};
  for (int half = 0; half < 2; half++) {
    const __m256i kept = _mm256_cmpeq_epi32(_mm256_max_epu32(halves[half], threshold), halves[half]);
    _mm256_storeu_ps(mask + 8 * half, _mm256_and_ps(_mm256_castsi256_ps(kept), scale));
  }
}

// Fills `batches` times 32 elements, starting at counter block `block`.
void mask_batches(const Dropout& dropout, uint64_t block, int64_t batches, float* mask) {
  const __m256i threshold = _mm256_set1_epi32(static_cast<int32_t>(dropout.threshold()));
  const __m256 scale = _mm256_set1_ps(dropout.scale());
  const __m256i weyl0 = _mm256_set1_epi64x(kWeyl0), weyl1 = _mm256_set1_epi64x(kWeyl1);
  for (int64_t batch = 0; batch < batches; batch++) {
    // Two sets of counters hide the latency of the products.
    Counters first = first_counters(dropout, block + 8 * batch),
             second = first_counters(dropout, block + 8 * batch + 4);
    __m256i k0 = _mm256_set1_epi64x(dropout.seed), k1 = _mm256_set1_epi64x(dropout.update);
    for (int round = 0; round < kRounds; round++) {
      first = next_round(first, k0, k1);
      second = next_round(second, k0, k1);
      k0 = _mm256_add_epi64(k0, weyl0);
      k1 = _mm256_add_epi64(k1, weyl1);
    }
    store_mask(first, threshold, scale, mask + batch * kPhiloxElements);
    store_mask(second, threshold, scale, mask + batch * kPhiloxElements + 16);
  }
}

#endif

}  // namespace

void dropout_row_mask(const Dropout& dropout, int64_t row, int64_t columns, int64_t begin, int64_t end, float* mask) {
  const int64_t blocks_per_row = ceil_divide(columns, kBlockElements);
  const uint64_t block = static_cast<uint64_t>(row * blocks_per_row + begin / kBlockElements);
  mask_batches(dropout, block, ceil_divide(end - begin, kPhiloxElements), mask);
}

}  // namespace onednn_backend
