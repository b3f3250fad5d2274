#pragma once

// The loops of TileProducts, for one kind of operands. Included by the file of each kind, in whose namespace of its own
// they live: the two are compiled for different processors.
#if defined(__AVX512F__)
#include <omp.h>

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "../parallel.h"
#include "../storage.h"
#include "operands.h"
#include "products.h"

namespace onednn_backend {

namespace {

// 28 vectors of sums, two of a panel and one repeated value: all but one of the 32 registers.
constexpr int64_t kTileRows = 14, kPanelColumns = 2 * kLanes;

// Weights that one sweep over the rows uses: a share of the last cache level.
constexpr int64_t kSweepBytes = 3 << 20;

// Units that are summed over in one go: their part of a panel stays in the second cache level.
constexpr int64_t kDeepest = 1536;

// Rows so many floats apart, or a multiple of that, fall into the same few lines of the first cache level.
constexpr int64_t kAliasedFloats = 1024;

int64_t ceil_divide(int64_t count, int64_t unit) { return (count + unit - 1) / unit; }

// [0, count) in nearly equal parts.
struct Parts {
  int64_t count, parts;
  int64_t begin(int64_t part) const { return count * part / parts; }
};

// As few blocks of at most kTileRows rows as give every one of `threads` equally many.
Parts row_blocks(int64_t rows, int64_t threads) {
  const int64_t least = ceil_divide(rows, kTileRows);
  return {rows, std::max<int64_t>(1, ceil_divide(least, threads) * threads)};
}

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
  const float* bases[5] = {a, a + 3 * lda, a + 6 * lda, a + 9 * lda, a + 12 * lda};  // three rows each: few registers
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

// The same with a [depth, 16], of which ROWS columns count.
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

// Memory of this thread for operands of one tile or chunk; apart from thread_scratch, where callers keep what they multiply.
float* operand_scratch(int64_t values) {
  static thread_local Buffer memory;
  return static_cast<float*>(memory.reserve(values * sizeof(float)));
}

// body(std::integral_constant<int, rows>) for 1 ≤ rows ≤ kTileRows: rows as a constant.
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

// What becomes of the sums of a tile.
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
    for (int i = 0; i < count(); i++) {  // they are needed at the end
      __builtin_prefetch(c + i * ldc, 1);
      __builtin_prefetch(c + i * ldc + kLanes, 1);
    }
    Sums<count()> sums;
    sums.start(nullptr);
    add_column_products<Units>(sums, a, panel.values, panel.stride, depth);
    sums.store(c, ldc, columns, accumulate);
  });
}

// `count` values of a row from `column` on, zeros where ReLU's gradient is none.
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
      const Floats16 high = Units::kDepth == 1 ? low
                                               : load_activations(x, row, column + kLanes,
                                                                  lanes_from(column + kLanes, x.columns));
      store_first(units + unit - first, Units::from_row(low, high), lanes_from(unit, last));
    }
  }
}

// Asks for memory in portions, one each time that other work is done: there when its turn comes.
class Prefetch {
 public:
  Prefetch() = default;
  Prefetch(const float* begin, int64_t values, int64_t portions)
      : next_(reinterpret_cast<const char*>(begin)),
        end_(next_ + values * static_cast<int64_t>(sizeof(float))),
        portion_(ceil_divide(ceil_divide(end_ - next_, kLine), portions) * kLine) {}

  INLINE void portion() {
    for (const char* last = std::min(end_, next_ + portion_); next_ < last; next_ += kLine) {
      _mm_prefetch(next_, _MM_HINT_T0);
    }
  }

 private:
  static constexpr int64_t kLine = 64;
  const char *next_ = nullptr, *end_ = nullptr;
  int64_t portion_ = 0;
};

// Rows of activations and of what masks them.
struct RowPrefetch {
  Prefetch values, masks;

  RowPrefetch(const TileRows& x, int64_t begin, int64_t end, int64_t portions)
      : values(x.values + begin * x.columns, (end - begin) * x.columns, portions) {
    if (x.relu_output == nullptr) return;
    masks = Prefetch(x.relu_output + begin * x.columns, (end - begin) * x.columns, portions);
  }

  INLINE void portion() {
    values.portion();
    masks.portion();
  }
};

// The same for columns [first, last) of rows, and of what masks them, some rows at a time.
class ColumnPrefetch {
 public:
  ColumnPrefetch(const TileRows& x, int64_t begin, int64_t end, int64_t first, int64_t last, int64_t portions)
      : x_(x), row_(begin), end_(end), first_(first), last_(last), rows_(ceil_divide(end - begin, portions)) {}

  INLINE void portion() {
    for (const int64_t last = std::min(end_, row_ + rows_); row_ < last; row_++) {
      const int64_t offset = row_ * x_.columns + first_;
      Prefetch(x_.values + offset, last_ - first_, 1).portion();
      if (x_.relu_output != nullptr) Prefetch(x_.relu_output + offset, last_ - first_, 1).portion();
    }
  }

 private:
  const TileRows& x_;
  int64_t row_, end_, first_, last_, rows_;
};

template <class Units>
int64_t packed_size(int64_t k, int64_t n) {
  return ceil_divide(n, kPanelColumns) * kPanelColumns * depth_of<Units>(k);
}

// A panel from weights stored as [n, k]: rows `column` … of them, transposed 16 × 16 units at a time.
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

// A panel of columns of rows [begin, end): units [depth, 32].
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

// The part of a product that sums over the units [first, last): added to dst but for the first.
template <class Units>
void multiply_part(const TileRows& src, const TilePanels& weights, int64_t first_unit, int64_t last_unit,
                   const float* bias, bool relu, float* dst) {
  const bool in_place = Units::kDepth == 1 && src.relu_output == nullptr && src.columns % kAliasedFloats != 0;
  const int64_t depth = last_unit - first_unit, n = weights.n;
  const int64_t stride = depth % kAliasedFloats == 0 ? depth + kLanes : depth;  // of staged rows
  const int64_t panels = ceil_divide(n, kPanelColumns), panel_size = depth_of<Units>(weights.k) * kPanelColumns;
  const int64_t used_bytes = depth * kPanelColumns * static_cast<int64_t>(sizeof(float));
  const int64_t sweep = std::max<int64_t>(1, kSweepBytes / std::max<int64_t>(1, used_bytes));
  const Parts blocks = row_blocks(src.rows, omp_get_max_threads());
  // The last panel may be narrower than what is read of the bias.
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
        const RowTile tile = in_place ? RowTile{src.values + begin * src.columns + first_unit, src.columns, end - begin, depth}
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

// A thread's share of aᵀ · b: some rows, to be summed over, and some columns of a.
struct Share {
  int64_t first_row, last_row, first_column, last_column;
};

// Units that are summed over in one go: rows of both operands that stay in the second cache level.
constexpr int64_t kChunkUnits = 128;

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

// sums: of the share's columns, added to; or null.
template <class Units>
void add_share(const TileRows& a, const TileRows& b, const Share& share, float* dst, bool accumulate, float* sums) {
  const int64_t n = b.columns, columns = share.last_column - share.first_column, rows = share.last_row - share.first_row;
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

// Into how many parts rows are split, each with a result of its own to be added up: as many as keep the operands of
// every thread apart, where results are small beside them.
int64_t row_parts(int64_t rows, int64_t result, int64_t threads) {
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
  static Buffer memory;
  const int64_t m = a.columns, result = m * b.columns, threads = omp_get_max_threads();
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
