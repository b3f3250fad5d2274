#pragma once

// The operands of a product: 32-bit units, each one float32 value or two bfloat16 values that are neighbours along the
// summed dimension. Arrays of float contain both kinds of units; only multiply_add interprets them.
#if defined(__AVX512F__)
#include "vectors.h"

namespace onednn_backend {

struct Float32Units {
  static constexpr int64_t kDepth = 1;  // values per unit

  static INLINE Floats16 multiply_add(Floats16 sum, Floats16 a, Floats16 b) { return sum + a * b; }

  // Units of values that follow each other: `count` ≤ 16 · kDepth of them, then zeros.
  static INLINE Floats16 from_row(Floats16 low, Floats16) { return low; }

  // Units of values that are in the same column.
  static INLINE Floats16 from_column(Floats16 upper, Floats16) { return upper; }
};

#if defined(TILES_HAVE_BFLOAT16)
struct Bfloat16Units {
  static constexpr int64_t kDepth = 2;

  static INLINE Floats16 multiply_add(Floats16 sum, Floats16 a, Floats16 b) {
    return (Floats16)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
  }

  static INLINE Floats16 from_row(Floats16 low, Floats16 high) {
    return (Floats16)_mm512_cvtne2ps_pbh((__m512)high, (__m512)low);
  }

  static INLINE Floats16 from_column(Floats16 upper, Floats16 lower) {
    const __m512i interleave = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22,
                                                6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    return (Floats16)_mm512_permutexvar_epi16(interleave, (__m512i)from_row(upper, lower));
  }
};
#endif

}  // namespace onednn_backend
#endif
