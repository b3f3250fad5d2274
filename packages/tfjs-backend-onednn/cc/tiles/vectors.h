#pragma once

// Sixteen lanes of AVX-512 and their operations. Only for builds that have them; see TileProducts.
#if defined(__AVX512F__)
#include <immintrin.h>

#include <cstdint>

#include "../guard.h"
#include "../inline.h"

namespace onednn_backend {

typedef float Floats16 __attribute__((vector_size(64)));

constexpr int64_t kLanes = 16;

INLINE Floats16 load16(const float* source) { return (Floats16)_mm512_loadu_ps(source); }

// Loads the first `count` ≤ 16 values, then zeros. Reads nothing beyond them.
INLINE Floats16 load_first(const float* source, int64_t count) {
  touch(source, count * sizeof(float));
  return (Floats16)_mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << count) - 1), source);
}

INLINE void store16(float* target, Floats16 value) { _mm512_storeu_ps(target, (__m512)value); }

INLINE void store_first(float* target, Floats16 value, int64_t count) {
  touch(target, count * sizeof(float));
  _mm512_mask_storeu_ps(target, static_cast<__mmask16>((1u << count) - 1), (__m512)value);
}

INLINE Floats16 repeat16(float x) { return (Floats16)_mm512_set1_ps(x); }

// Keeps values where `output` is positive or NaN and sets the others to 0: the gradient of ReLU.
INLINE Floats16 keep_positive(Floats16 values, Floats16 output) {
  const __mmask16 keep = _mm512_cmp_ps_mask((__m512)output, _mm512_setzero_ps(), _CMP_NLE_UQ);
  return (Floats16)_mm512_maskz_mov_ps(keep, (__m512)values);
}

// rows[i][j] ↔ rows[j][i]
INLINE void transpose16(Floats16 (&rows)[16]) {
  __m512 pairs[16], quads[16];
  for (int i = 0; i < 16; i += 2) {
    pairs[i] = _mm512_unpacklo_ps((__m512)rows[i], (__m512)rows[i + 1]);
    pairs[i + 1] = _mm512_unpackhi_ps((__m512)rows[i], (__m512)rows[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    for (int half = 0; half < 2; half++) {
      const __m512d low = (__m512d)pairs[i + half], high = (__m512d)pairs[i + 2 + half];
      quads[i + 2 * half] = (__m512)_mm512_unpacklo_pd(low, high);
      quads[i + 2 * half + 1] = (__m512)_mm512_unpackhi_pd(low, high);
    }
  }
  // quads[4g + c] contains column 4l + c of rows 4g … 4g + 3 in its 128-bit lane l.
  for (int c = 0; c < 4; c++) {
    const __m512 even01 = _mm512_shuffle_f32x4(quads[c], quads[4 + c], 0x88);
    const __m512 odd01 = _mm512_shuffle_f32x4(quads[c], quads[4 + c], 0xdd);
    const __m512 even23 = _mm512_shuffle_f32x4(quads[8 + c], quads[12 + c], 0x88);
    const __m512 odd23 = _mm512_shuffle_f32x4(quads[8 + c], quads[12 + c], 0xdd);
    rows[c] = (Floats16)_mm512_shuffle_f32x4(even01, even23, 0x88);
    rows[8 + c] = (Floats16)_mm512_shuffle_f32x4(even01, even23, 0xdd);
    rows[4 + c] = (Floats16)_mm512_shuffle_f32x4(odd01, odd23, 0x88);
    rows[12 + c] = (Floats16)_mm512_shuffle_f32x4(odd01, odd23, 0xdd);
  }
}

}  // namespace onednn_backend
#endif
