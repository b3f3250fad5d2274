#pragma once

#include <cstdint>
#include <cstring>

#include "inline.h"
#include "rounding.h"
#include "shuffle.h"

// Matrix products of operands that are in the cache, for the many small products of attention. Nothing is packed. The
// kernel has 6 × 16 accumulators, which fit into 16 vector registers of 8 floats.
namespace onednn_backend {

typedef float Floats8 __attribute__((vector_size(32)));

constexpr int64_t kPanel = 16;  // columns of the kernel; rows of b and c are multiples of this, padded with zeros

INLINE int64_t pad_to_panel(int64_t columns) { return round_up(columns, kPanel); }

INLINE Floats8 load8(const float* source) {
  Floats8 value;
  std::memcpy(&value, source, sizeof value);
  return value;
}

INLINE Floats8 repeat8(float x) { return Floats8{x, x, x, x, x, x, x, x}; }

// Interleaves two vectors within each half: single lanes, then pairs of lanes.
INLINE Floats8 pair_low(Floats8 a, Floats8 b) { return shuffle<0, 8, 1, 9, 4, 12, 5, 13>(a, b); }
INLINE Floats8 pair_high(Floats8 a, Floats8 b) { return shuffle<2, 10, 3, 11, 6, 14, 7, 15>(a, b); }
INLINE Floats8 first_pairs(Floats8 a, Floats8 b) { return shuffle<0, 1, 8, 9, 4, 5, 12, 13>(a, b); }
INLINE Floats8 second_pairs(Floats8 a, Floats8 b) { return shuffle<2, 3, 10, 11, 6, 7, 14, 15>(a, b); }

INLINE void store8(float* target, Floats8 value) { std::memcpy(target, &value, sizeof value); }

// a[i, k] is at values[i · row + k · depth], for either order of storage.
struct StridedMatrix {
  const float* values;
  int64_t row, depth;
};

// c[i, 0..16) (+)= Σ_k a[i, k] · b[k, 0..16) for ROWS rows
template <int ROWS>
INLINE void gemm_tile(const StridedMatrix& a, const float* b, int64_t ldb, float* c, int64_t ldc, int64_t depth,
                      bool accumulate) {
  Floats8 left[ROWS], right[ROWS];
  for (int i = 0; i < ROWS; i++) {
    left[i] = accumulate ? load8(c + i * ldc) : Floats8{};
    right[i] = accumulate ? load8(c + i * ldc + 8) : Floats8{};
  }
  for (int64_t k = 0; k < depth; k++) {
    const Floats8 b_left = load8(b + k * ldb), b_right = load8(b + k * ldb + 8);
    const float* column = a.values + k * a.depth;
    for (int i = 0; i < ROWS; i++) {
      const Floats8 value = repeat8(column[i * a.row]);
      left[i] += value * b_left;
      right[i] += value * b_right;
    }
  }
  for (int i = 0; i < ROWS; i++) {
    store8(c + i * ldc, left[i]);
    store8(c + i * ldc + 8, right[i]);
  }
}

// c = a · b, or c += a · b;  a [m, depth], b [depth, n], c [m, n], n a multiple of 16.
INLINE void small_gemm(const StridedMatrix& a, const float* b, int64_t ldb, float* c, int64_t ldc, int64_t m, int64_t n,
                       int64_t depth, bool accumulate) {
  for (int64_t i = 0; i < m; i += 6) {
    const StridedMatrix rows{a.values + i * a.row, a.row, a.depth};
    for (int64_t j = 0; j < n; j += kPanel) {
      const float* panel = b + j;
      float* tile = c + i * ldc + j;
      switch (m - i) {
        case 1: gemm_tile<1>(rows, panel, ldb, tile, ldc, depth, accumulate); break;
        case 2: gemm_tile<2>(rows, panel, ldb, tile, ldc, depth, accumulate); break;
        case 3: gemm_tile<3>(rows, panel, ldb, tile, ldc, depth, accumulate); break;
        case 4: gemm_tile<4>(rows, panel, ldb, tile, ldc, depth, accumulate); break;
        case 5: gemm_tile<5>(rows, panel, ldb, tile, ldc, depth, accumulate); break;
        default: gemm_tile<6>(rows, panel, ldb, tile, ldc, depth, accumulate);
      }
    }
  }
}

// target[row, 0..columns) = scale · source[row, …], zeros up to `padded` columns.
INLINE void pack_rows(const float* source, int64_t stride, float scale, float* target, int64_t padded, int64_t rows,
                      int64_t columns) {
  for (int64_t row = 0; row < rows; row++) {
    for (int64_t i = 0; i < columns; i++) target[row * padded + i] = scale * source[row * stride + i];
    for (int64_t i = columns; i < padded; i++) target[row * padded + i] = 0;
  }
}

// Transposes an 8 × 8 tile: pairs, then pairs of pairs, then halves.
INLINE void transpose8(Floats8 (&r)[8]) {
  Floats8 pairs[8], quads[8];
  for (int i = 0; i < 4; i++) {
    pairs[2 * i] = pair_low(r[2 * i], r[2 * i + 1]);
    pairs[2 * i + 1] = pair_high(r[2 * i], r[2 * i + 1]);
  }
  for (int i = 0; i < 2; i++) {
    quads[4 * i] = first_pairs(pairs[4 * i], pairs[4 * i + 2]);
    quads[4 * i + 1] = second_pairs(pairs[4 * i], pairs[4 * i + 2]);
    quads[4 * i + 2] = first_pairs(pairs[4 * i + 1], pairs[4 * i + 3]);
    quads[4 * i + 3] = second_pairs(pairs[4 * i + 1], pairs[4 * i + 3]);
  }
  for (int i = 0; i < 4; i++) {
    r[i] = shuffle<0, 1, 2, 3, 8, 9, 10, 11>(quads[i], quads[i + 4]);
    r[i + 4] = shuffle<4, 5, 6, 7, 12, 13, 14, 15>(quads[i], quads[i + 4]);
  }
}

// target[column, row] = source[row, column], zeros up to `padded` rows, a multiple of 8.
INLINE void pack_transposed(const float* source, int64_t stride, float* target, int64_t padded, int64_t rows,
                            int64_t columns) {
  for (int64_t row = 0; row < padded; row += 8) {
    const int64_t height = rows - row < 8 ? rows - row : 8;
    int64_t column = 0;
    for (; column + 8 <= columns; column += 8) {
      Floats8 tile[8];
      for (int i = 0; i < 8; i++) {
        tile[i] = i < height ? load8(source + (row + i) * stride + column) : Floats8{};
      }
      transpose8(tile);
      for (int i = 0; i < 8; i++) store8(target + (column + i) * padded + row, tile[i]);
    }
    for (; column < columns; column++) {
      for (int i = 0; i < 8; i++) {
        target[column * padded + row + i] = i < height ? source[(row + i) * stride + column] : 0;
      }
    }
  }
}

}  // namespace onednn_backend
