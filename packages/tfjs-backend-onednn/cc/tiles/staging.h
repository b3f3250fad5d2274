#pragma once

// Prepares operands for the tiles: rows and columns as units, weights packed into panels. Part of product-loops.h.
#if defined(__AVX512F__)
#include <algorithm>

#include "../parallel.h"
#include "../rounding.h"
#include "operands.h"
#include "products.h"
#include "tile.h"

namespace onednn_backend {

namespace {

// Loads `count` values of a row, starting at `column`, with zeros where the gradient of ReLU is 0.
INLINE Floats16 load_activations(const TileRows& x, int64_t row, int64_t column, int64_t count) {
  const int64_t offset = row * x.columns + column;
  const Floats16 values = load_first(x.values + offset, count);
  return x.relu_output == nullptr ? values : keep_positive(values, load_first(x.relu_output + offset, count));
}

INLINE int64_t lanes_from(int64_t first, int64_t count) {
  return std::min(kLanes, std::max<int64_t>(0, count - first));
}

template <class Units>
int64_t depth_of(int64_t k) {
  return ceil_divide(k, Units::kDepth);
}

// Units [first, last) of rows [begin, end), in rows `stride` apart.
template <class Units>
void stage_rows(const TileRows& x, int64_t begin, int64_t end, int64_t first, int64_t last, float* units,
                int64_t stride) {
  for (int64_t row = begin; row < end; row++, units += stride) {
    for (int64_t unit = first; unit < last; unit += kLanes) {
      const int64_t column = unit * Units::kDepth;
      const Floats16 low = load_activations(x, row, column, lanes_from(column, x.columns));
      const Floats16 high =
          Units::kDepth == 1 ? low : load_activations(x, row, column + kLanes, lanes_from(column + kLanes, x.columns));
      store_first(units + unit - first, Units::from_row(low, high), lanes_from(unit, last));
    }
  }
}

// Columns [column, column + count) of rows [begin, end) as units [depth, 16]; adds their sums over rows to `sums`.
template <class Units>
void stage_columns(const TileRows& a, int64_t begin, int64_t end, int64_t column, int64_t count, float* units,
                   float* sums) {
  Floats16 total = {};
  for (int64_t row = begin; row < end; row += Units::kDepth, units += kLanes) {
    const Floats16 upper = load_activations(a, row, column, count);
    const Floats16 lower =
        Units::kDepth > 1 && row + 1 < end ? load_activations(a, row + 1, column, count) : Floats16{};
    total += Units::kDepth > 1 ? upper + lower : upper;
    store16(units, Units::from_column(upper, lower));
  }
  if (sums != nullptr) store_first(sums, load_first(sums, count) + total, count);
}

template <class Units>
int64_t packed_size(int64_t k, int64_t n) {
  return ceil_divide(n, kPanelColumns) * kPanelColumns * depth_of<Units>(k);
}

// Packs a panel from weights stored as [n, k]: rows from `column` on, transposed 16 × 16 units at a time.
template <class Units>
void pack_transposed_panel(const float* weights, int64_t k, int64_t n, int64_t column, float* panel) {
  const int64_t depth = depth_of<Units>(k);
  for (int64_t half = 0; half < kPanelColumns; half += kLanes) {
    const TileRows source{weights + (column + half) * k, nullptr, std::max<int64_t>(0, n - column - half), k};
    for (int64_t unit = 0; unit < depth; unit += kLanes) {
      const int64_t first = unit * Units::kDepth, low = lanes_from(first, k), high = lanes_from(first + kLanes, k);
      Floats16 block[kLanes];
      for (int64_t row = 0; row < kLanes; row++) {
        if (row < source.rows) {
          const Floats16 values = load_activations(source, row, first, low);
          block[row] = Units::from_row(
              values, Units::kDepth == 1 ? values : load_activations(source, row, first + kLanes, high));
        } else {
          block[row] = Floats16{};
        }
      }
      transpose16(block);
      for (int64_t i = 0; i < lanes_from(unit, depth); i++) {
        store16(panel + (unit + i) * kPanelColumns + half, block[i]);
      }
    }
  }
}

// Packs a panel of columns of rows [begin, end): units [depth, 32].
template <class Units>
void pack_panel(const TileRows& x, int64_t begin, int64_t end, int64_t column, float* panel) {
  const int64_t left = lanes_from(column, x.columns), right = lanes_from(column + kLanes, x.columns);
  for (int64_t row = begin; row < end; row += Units::kDepth, panel += kPanelColumns) {
    const bool pair = Units::kDepth > 1 && row + 1 < end;
    const Floats16 zero = {};
    store16(panel, Units::from_column(load_activations(x, row, column, left),
                                      pair ? load_activations(x, row + 1, column, left) : zero));
    store16(panel + kLanes, Units::from_column(load_activations(x, row, column + kLanes, right),
                                               pair ? load_activations(x, row + 1, column + kLanes, right) : zero));
  }
}

template <class Units>
void pack(const float* weights, int64_t k, int64_t n, bool transposed, float* packed) {
  const int64_t panel_size = depth_of<Units>(k) * kPanelColumns;
  parallel_ranges(ceil_divide(n, kPanelColumns), 1 + 4096 / (1 + panel_size), [&](int64_t begin, int64_t end) {
    for (int64_t panel = begin; panel < end; panel++) {
      float* target = packed + panel * panel_size;
      if (transposed) {
        pack_transposed_panel<Units>(weights, k, n, panel * kPanelColumns, target);
      } else {
        pack_panel<Units>({weights, nullptr, k, n}, 0, k, panel * kPanelColumns, target);
      }
    }
  });
}

}  // namespace

}  // namespace onednn_backend
#endif
