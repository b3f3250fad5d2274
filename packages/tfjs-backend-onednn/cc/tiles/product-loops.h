#pragma once

// The loops of TileProducts, for one kind of operands. The file of each kind includes them into its own anonymous
// namespace, because the two are compiled for different processors.
#if defined(__AVX512F__)
#include <algorithm>

#include "../parallel.h"
#include "../storage.h"
#include "prefetch.h"
#include "products.h"
#include "staging.h"
#include "tile.h"

namespace onednn_backend {

namespace {

// Weights that one sweep over the rows uses: a share of the last-level cache.
constexpr int64_t kSweepBytes = 3 << 20;

// Units that one pass sums over: their part of a panel stays in the second-level cache.
constexpr int64_t kDeepest = 1536;

// Rows that are this many floats apart, or a multiple of it, use the same few lines of the first-level cache.
constexpr int64_t kAliasedFloats = 1024;

// Divides [0, count) into nearly equal parts.
struct Parts {
  int64_t count, parts;
  int64_t begin(int64_t part) const { return count * part / parts; }
};

// Divides rows into the fewest blocks of at most kTileRows rows that give all `threads` equally many.
[[maybe_unused]] Parts row_blocks(int64_t rows, int64_t threads) {
  const int64_t least = ceil_divide(rows, kTileRows);
  return {rows, std::max<int64_t>(1, ceil_divide(least, threads) * threads)};
}

// Memory of this thread for the operands of one tile or chunk. Separate from thread_scratch, where callers keep their
// operands.
[[maybe_unused]] float* operand_scratch(int64_t values) {
  static thread_local Buffer memory;
  return static_cast<float*>(memory.reserve(values * sizeof(float)));
}

// The part of a product that sums over the units [first, last). All parts but the first are added to dst.
template <class Units>
void multiply_part(const TileRows& src, const TilePanels& weights, int64_t first_unit, int64_t last_unit,
                   const float* bias, bool relu, float* dst) {
  const bool in_place = Units::kDepth == 1 && src.relu_output == nullptr && src.columns % kAliasedFloats != 0;
  const int64_t depth = last_unit - first_unit, n = weights.n;
  const int64_t stride = depth % kAliasedFloats == 0 ? depth + kLanes : depth;  // of staged rows
  const int64_t panels = ceil_divide(n, kPanelColumns), panel_size = depth_of<Units>(weights.k) * kPanelColumns;
  const int64_t used_bytes = depth * kPanelColumns * static_cast<int64_t>(sizeof(float));
  const int64_t sweep = std::max<int64_t>(1, kSweepBytes / std::max<int64_t>(1, used_bytes));
  const Parts blocks = row_blocks(src.rows, team_threads());
  // The last panel may be narrower than the part of the bias that is read.
  const int64_t whole = n / kPanelColumns * kPanelColumns;
  float bias_tail[kPanelColumns] = {};
  if (bias != nullptr) std::copy(bias + whole, bias + n, bias_tail);
  parallel_ranges(blocks.parts, 1, [&](int64_t first_block, int64_t last_block) {
    float* staged = in_place ? nullptr : operand_scratch(kTileRows * stride);
    for (int64_t first = 0; first < panels; first += sweep) {
      const int64_t last = std::min(panels, first + sweep);
      for (int64_t block = first_block; block < last_block; block++) {
        const int64_t begin = blocks.begin(block), end = blocks.begin(block + 1);
        if (begin == end) continue;
        const int64_t next = block + 1 < last_block ? end : blocks.begin(first_block);
        ColumnPrefetch ahead(src, next, std::min(next + kTileRows, src.rows), first_unit * Units::kDepth,
                             std::min(last_unit * Units::kDepth, src.columns), last - first);
        if (!in_place) stage_rows<Units>(src, begin, end, first_unit, last_unit, staged, stride);
        const RowTile tile =
            in_place ? RowTile{src.values + begin * src.columns + first_unit, src.columns, end - begin, depth}
                     : RowTile{staged, stride, end - begin, depth};
        for (int64_t panel = first; panel < last; panel++) {
          ahead.portion();
          const int64_t column = panel * kPanelColumns;
          const float* of_panel = bias == nullptr ? nullptr : column < whole ? bias + column : bias_tail;
          multiply_tile<Units>(tile, weights.packed + panel * panel_size + first_unit * kPanelColumns,
                               {of_panel, relu, first_unit > 0}, dst + begin * n + column, n,
                               std::min(kPanelColumns, n - column));
        }
      }
    }
  });
}

template <class Units>
void multiply(const TileRows& src, const TilePanels& weights, const float* bias, bool relu, float* dst) {
  if (src.rows == 0 || weights.n == 0) return;
  const int64_t depth = depth_of<Units>(weights.k);
  const Parts parts{depth, relu ? 1 : std::max<int64_t>(1, ceil_divide(depth, kDeepest))};
  for (int64_t part = 0; part < parts.parts; part++) {
    multiply_part<Units>(src, weights, parts.begin(part), parts.begin(part + 1), part == 0 ? bias : nullptr, relu, dst);
  }
}

// A thread's share of aᵀ · b: the rows to sum over, and some columns of a.
struct Share {
  int64_t first_row, last_row, first_column, last_column;
};

// Units that one pass sums over: these rows of both operands stay in the second-level cache.
constexpr int64_t kChunkUnits = 128;

// sums: added to, for the share's columns; or null.
template <class Units>
void add_share(const TileRows& a, const TileRows& b, const Share& share, float* dst, bool accumulate, float* sums) {
  const int64_t n = b.columns, columns = share.last_column - share.first_column,
                rows = share.last_row - share.first_row;
  if (columns == 0) return;
  const Parts blocks = row_blocks(columns, 1);
  const int64_t panels = ceil_divide(n, kPanelColumns);
  const Parts chunks{rows, std::max<int64_t>(1, ceil_divide(rows, kChunkUnits * Units::kDepth))};
  const int64_t depth = depth_of<Units>(ceil_divide(rows, chunks.parts));
  const bool in_place = Units::kDepth == 1 && n % kPanelColumns == 0;
  float* staged = operand_scratch(depth * (kLanes + (in_place ? 0 : panels * kPanelColumns)));
  float* packed = staged + depth * kLanes;
  const int64_t first_end = share.first_row + chunks.begin(1);
  RowPrefetch(a, share.first_row, first_end, 1).portion();
  RowPrefetch(b, share.first_row, first_end, 1).portion();
  for (int64_t chunk = 0; chunk < chunks.parts; chunk++) {
    const int64_t begin = share.first_row + chunks.begin(chunk), end = share.first_row + chunks.begin(chunk + 1);
    const int64_t next = chunk + 1 < chunks.parts ? share.first_row + chunks.begin(chunk + 2) : end;
    const int64_t units = depth_of<Units>(end - begin);
    RowPrefetch of_a(a, end, next, blocks.parts * panels), of_b(b, end, next, blocks.parts * panels);
    if (!in_place) {
      for (int64_t panel = 0; panel < panels; panel++) {
        pack_panel<Units>(b, begin, end, panel * kPanelColumns, packed + panel * units * kPanelColumns);
      }
    }
    for (int64_t block = 0; block < blocks.parts; block++) {
      const int64_t column = share.first_column + blocks.begin(block);
      const int64_t count = share.first_column + blocks.begin(block + 1) - column;
      if (count == 0) continue;
      stage_columns<Units>(a, begin, end, column, count, staged, sums == nullptr ? nullptr : sums + column);
      for (int64_t panel = 0; panel < panels; panel++) {
        of_a.portion();
        of_b.portion();
        const int64_t first = panel * kPanelColumns;
        const PanelRows source = in_place ? PanelRows{b.values + begin * n + first, n}
                                          : PanelRows{packed + panel * units * kPanelColumns, kPanelColumns};
        multiply_columns_tile<Units>(staged, count, units, source, dst + column * n + first, n,
                                     std::min(kPanelColumns, n - first), accumulate || chunk > 0);
      }
    }
  }
}

// The number of parts that rows are split into. Each part has its own result, and the results are added. Splits as long
// as results are small compared with the operands, so that threads read different operands.
[[maybe_unused]] int64_t row_parts(int64_t rows, int64_t result, int64_t threads) {
  constexpr int64_t kMostParts = 4, kRowsOfPart = 512, kLargestResult = 1 << 20;
  int64_t parts = 1;
  while (result <= kLargestResult && parts * 2 <= kMostParts && threads % (parts * 2) == 0 &&
         rows / (parts * 2) >= kRowsOfPart) {
    parts *= 2;
  }
  return parts;
}

template <class Units>
void multiply_transposed(const TileRows& a, const TileRows& b, float* dst, bool accumulate, const ColumnSums& sums) {
  static thread_local Buffer memory;
  const int64_t m = a.columns, result = m * b.columns, threads = team_threads();
  const Parts rows{a.rows, row_parts(a.rows, result, threads)};
  const Parts columns{m, threads / rows.parts};
  float* others = static_cast<float*>(memory.reserve(((rows.parts - 1) * result + rows.parts * m) * sizeof(float)));
  float* row_sums = others + (rows.parts - 1) * result;  // [rows.parts, m]
  std::fill(row_sums, row_sums + rows.parts * m, 0.0f);
  parallel_ranges(rows.parts * columns.parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t index = begin; index < end; index++) {
      const int64_t part = index / columns.parts, column = index % columns.parts;
      const Share share{rows.begin(part), rows.begin(part + 1), columns.begin(column), columns.begin(column + 1)};
      add_share<Units>(a, b, share, part == 0 ? dst : others + (part - 1) * result, part == 0 && accumulate,
                       sums.sums == nullptr ? nullptr : row_sums + part * m);
    }
  });
  if (rows.parts > 1) {
    parallel_ranges(result, 16384, [&](int64_t begin, int64_t end) {
      for (int64_t part = 1; part < rows.parts; part++) {
        const float* other = others + (part - 1) * result;
        for (int64_t i = begin; i < end; i++) dst[i] += other[i];
      }
    });
  }
  if (sums.sums == nullptr) return;
  for (int64_t i = 0; i < m; i++) {
    float total = sums.accumulate ? sums.sums[i] : 0.0f;
    for (int64_t part = 0; part < rows.parts; part++) total += row_sums[part * m + i];
    sums.sums[i] = total;
  }
}

template <class Units>
TileProducts tile_products() {
  return {packed_size<Units>, pack<Units>, multiply<Units>, multiply_transposed<Units>};
}

}  // namespace

}  // namespace onednn_backend
#endif
