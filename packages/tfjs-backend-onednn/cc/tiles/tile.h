#pragma once

// One tile of a product, with its sums in registers. Part of product-loops.h, as are its includes.
#if defined(__AVX512F__)
#include <algorithm>
#include <type_traits>

#include "operands.h"

namespace onednn_backend {

namespace {

// 28 vectors of sums, two of a panel and one repeated value use 31 of the 32 registers.
constexpr int64_t kTileRows = 14, kPanelColumns = 2 * kLanes;

template <int ROWS>
struct Sums {
  Floats16 left[ROWS], right[ROWS];

  INLINE void start(const float* bias) {
    for (int i = 0; i < ROWS; i++) {
      left[i] = bias == nullptr ? Floats16{} : load16(bias);
      right[i] = bias == nullptr ? Floats16{} : load16(bias + kLanes);
    }
  }

  INLINE void relu() {
    const Floats16 zero = {};
    for (int i = 0; i < ROWS; i++) {
      left[i] = left[i] < zero ? zero : left[i];  // NaN stays, as in tf.relu
      right[i] = right[i] < zero ? zero : right[i];
    }
  }

  INLINE void store(float* c, int64_t ldc, int64_t columns, bool accumulate) const {
    if (columns == kPanelColumns) {
      for (int i = 0; i < ROWS; i++, c += ldc) {
        store16(c, accumulate ? left[i] + load16(c) : left[i]);
        store16(c + kLanes, accumulate ? right[i] + load16(c + kLanes) : right[i]);
      }
      return;
    }
    const int64_t of_left = std::min(columns, kLanes), of_right = columns - of_left;
    for (int i = 0; i < ROWS; i++, c += ldc) {
      store_first(c, accumulate ? left[i] + load_first(c, of_left) : left[i], of_left);
      if (of_right == 0) continue;
      store_first(c + kLanes, accumulate ? right[i] + load_first(c + kLanes, of_right) : right[i], of_right);
    }
  }
};

// sums += a · panel;  a [ROWS, depth] in rows `lda` apart, panel [depth, 32] in rows `ldb` apart. Units.
template <class Units, int ROWS>
INLINE void add_row_products(Sums<ROWS>& sums, const float* a, int64_t lda, const float* panel, int64_t ldb,
                             int64_t depth) {
  const float* bases[5] = {a, a + 3 * lda, a + 6 * lda, a + 9 * lda,
                           a + 12 * lda};  // three rows per pointer save registers
#pragma GCC unroll 4
  for (int64_t k = 0; k < depth; k++, panel += ldb) {
    const Floats16 left = load16(panel), right = load16(panel + kLanes);
#pragma GCC unroll 14
    for (int i = 0; i < ROWS; i++) {
      const Floats16 value = repeat16(bases[i / 3][i % 3 * lda + k]);
      sums.left[i] = Units::multiply_add(sums.left[i], value, left);
      sums.right[i] = Units::multiply_add(sums.right[i], value, right);
    }
  }
}

// The same with a [depth, 16], of which the first ROWS columns are used.
template <class Units, int ROWS>
INLINE void add_column_products(Sums<ROWS>& sums, const float* a, const float* panel, int64_t ldb, int64_t depth) {
#pragma GCC unroll 2
  for (int64_t k = 0; k < depth; k++, panel += ldb, a += kLanes) {
    const Floats16 left = load16(panel), right = load16(panel + kLanes);
#pragma GCC unroll 14
    for (int i = 0; i < ROWS; i++) {
      const Floats16 value = repeat16(a[i]);
      sums.left[i] = Units::multiply_add(sums.left[i], value, left);
      sums.right[i] = Units::multiply_add(sums.right[i], value, right);
    }
  }
}

// Calls body(std::integral_constant<int, rows>) for 1 ≤ rows ≤ kTileRows, so that rows is a compile-time constant.
template <int ROWS = kTileRows, class Body>
INLINE void with_rows(int64_t rows, const Body& body) {
  if constexpr (ROWS > 0) {
    if (rows == ROWS) {
      body(std::integral_constant<int, ROWS>());
    } else {
      with_rows<ROWS - 1>(rows, body);
    }
  }
}

struct RowTile {
  const float* a;
  int64_t lda, rows, depth;
};

// What is done with the sums of a tile.
struct TileEpilogue {
  const float* bias;  // or null
  bool relu, accumulate;
};

// c [rows, columns] (+)= relu?(a · panel + bias?)
template <class Units>
void multiply_tile(const RowTile& tile, const float* panel, const TileEpilogue& epilogue, float* c, int64_t ldc,
                   int64_t columns) {
  with_rows(tile.rows, [&](auto rows) {
    Sums<rows()> sums;
    sums.start(epilogue.bias);
    add_row_products<Units>(sums, tile.a, tile.lda, panel, kPanelColumns, tile.depth);
    if (epilogue.relu) sums.relu();
    sums.store(c, ldc, columns, epilogue.accumulate);
  });
}

struct PanelRows {
  const float* values;
  int64_t stride;
};

// c [rows, columns] (+)= aᵀ · panel;  a [depth, 16]
template <class Units>
void multiply_columns_tile(const float* a, int64_t rows, int64_t depth, const PanelRows& panel, float* c, int64_t ldc,
                           int64_t columns, bool accumulate) {
  with_rows(rows, [&](auto count) {
    for (int i = 0; i < count(); i++) {  // needed at the end
      __builtin_prefetch(c + i * ldc, 1);
      __builtin_prefetch(c + i * ldc + kLanes, 1);
    }
    Sums<count()> sums;
    sums.start(nullptr);
    add_column_products<Units>(sums, a, panel.values, panel.stride, depth);
    sums.store(c, ldc, columns, accumulate);
  });
}

}  // namespace

}  // namespace onednn_backend
#endif
