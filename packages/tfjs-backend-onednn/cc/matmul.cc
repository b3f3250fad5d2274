#include "matmul.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "bfloat16.h"
#include "column-sums.h"
#include "gemm.h"
#include "inline.h"
#include "kernels/linear.h"
#include "one-thread.h"
#include "parallel.h"
#include "rounding.h"

namespace onednn_backend {

namespace {

using dnnl::memory;

// Primitives get rows in blocks of few sizes, so that batches of many lengths need few primitives.
constexpr int64_t kLargeBlock = 2048, kBlock = kProductRows;

// With fewer weights, dnnl_sgemm is as fast as a float32 primitive with packed weights.
constexpr int64_t kPackedWeights = 1 << 17;

// Packing panels is not worthwhile for fewer rows.
constexpr int64_t kFewestPanelRows = 64;

thread_local bool bfloat16_on = false;  // a setting of the Node environment

const TileProducts* tile_products() { return bfloat16_on ? bfloat16_tile_products() : float32_tile_products(); }

dnnl::engine& cpu() {
  static dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

dnnl::stream& cpu_stream() {
  static thread_local dnnl::stream stream(cpu());
  return stream;
}

// The largest block that fits into this many rows; 0 if none fits.
int64_t next_block(int64_t rows) { return rows >= kLargeBlock ? kLargeBlock : rows / kBlock * kBlock; }

// Strides of a matrix whose stored rows are `stride` elements apart.
memory::dims strides_of(int64_t stride, bool transposed) {
  return transposed ? memory::dims{1, stride} : memory::dims{stride, 1};
}

// The parameters of a primitive. Strides are those of the stored matrices.
struct ProductKey {
  int64_t m, n, k, src_stride, weights_stride, dst_stride;
  bool transpose_src, transpose_weights, packs_weights, bfloat16, bias, relu, accumulate;

  auto tied() const {
    return std::tie(m, n, k, src_stride, weights_stride, dst_stride, transpose_src, transpose_weights, packs_weights,
                    bfloat16, bias, relu, accumulate);
  }
  bool operator<(const ProductKey& other) const { return tied() < other.tied(); }
};

dnnl::matmul::primitive_desc describe(const ProductKey& key) {
  using type = memory::data_type;
  const type operand = key.bfloat16 ? type::bf16 : type::f32;
  const memory::desc src({key.m, key.k}, operand, strides_of(key.src_stride, key.transpose_src));
  const memory::desc plain({key.k, key.n}, operand, strides_of(key.weights_stride, key.transpose_weights));
  const memory::desc any({key.k, key.n}, operand, memory::format_tag::any);
  const memory::desc& weights = key.packs_weights ? any : plain;
  const memory::desc bias({1, key.n}, type::f32, memory::dims{key.n, 1});
  const memory::desc dst({key.m, key.n}, type::f32, memory::dims{key.dst_stride, 1});
  dnnl::post_ops after;
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(
      dnnl::scratchpad_mode::user);  // oneDNN's own belongs to the thread that created the primitive
  if (key.accumulate) after.append_sum(1.0f);
#if DNNL_VERSION_MAJOR < 3
  if (key.relu) after.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
  attributes.set_post_ops(after);
  const dnnl::matmul::desc operation =
      key.bias ? dnnl::matmul::desc(src, weights, bias, dst) : dnnl::matmul::desc(src, weights, dst);
  return dnnl::matmul::primitive_desc(operation, attributes, cpu());
#else
  if (key.relu) after.append_eltwise(dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
  attributes.set_post_ops(after);
  return key.bias ? dnnl::matmul::primitive_desc(cpu(), src, weights, bias, dst, attributes)
                  : dnnl::matmul::primitive_desc(cpu(), src, weights, dst, attributes);
#endif
}

// dst = src · weights with its epilogue, on the calling thread. Several threads may run one product at the same time.
class Product {
 public:
  explicit Product(const ProductKey& key)
      : descriptor_(describe(key)),
        primitive_(descriptor_),
        plain_weights_({key.k, key.n}, memory::data_type::f32, strides_of(key.weights_stride, key.transpose_weights)),
        bias_({1, key.n}, memory::data_type::f32, memory::dims{key.n, 1}) {
    if (key.packs_weights) {
      pack_ = dnnl::reorder(dnnl::reorder::primitive_desc(cpu(), plain_weights_, cpu(), descriptor_.weights_desc()));
    }
  }

  // Returns the weights in the layout of this product.
  const void* packed(const float* weights, PackedPart& part) const {
    const memory::desc layout = descriptor_.weights_desc();
    if (part.layout != layout) {
      memory source(plain_weights_, cpu(), const_cast<float*>(weights));
      memory target(layout, cpu(), part.memory.reserve(layout.get_size()));
      pack_.execute(cpu_stream(), {{DNNL_ARG_FROM, source}, {DNNL_ARG_TO, target}});
      part.layout = layout;
    }
    return part.memory.data();
  }

  void run(const void* src, const void* weights, const float* bias, float* dst) const {
    static thread_local Buffer scratchpad;
    const auto read = [](const memory::desc& desc, const void* data) {
      return memory(desc, cpu(), const_cast<void*>(data));
    };
    const memory::desc working = descriptor_.scratchpad_desc();
    std::unordered_map<int, memory> arguments = {
        {DNNL_ARG_SRC, read(descriptor_.src_desc(), src)},
        {DNNL_ARG_WEIGHTS, read(descriptor_.weights_desc(), weights)},
        {DNNL_ARG_DST, memory(descriptor_.dst_desc(), cpu(), dst)},
        {DNNL_ARG_SCRATCHPAD, memory(working, cpu(), scratchpad.reserve(working.get_size()))}};
    if (bias != nullptr) arguments.emplace(DNNL_ARG_BIAS, read(bias_, bias));
    primitive_.execute(cpu_stream(), arguments);
  }

 private:
  dnnl::matmul::primitive_desc descriptor_;
  dnnl::matmul primitive_;
  memory::desc plain_weights_, bias_;
  dnnl::reorder pack_;
};

// Shared by all threads. A product never moves after it is created.
struct KnownProducts {
  std::mutex lock;
  std::map<ProductKey, Product> products;
};

KnownProducts& known_products() {
  static KnownProducts known;
  return known;
}

const Product& product(const ProductKey& key) {
  KnownProducts& known = known_products();
  const std::lock_guard<std::mutex> lock(known.lock);
  const auto found = known.products.find(key);
  return found != known.products.end() ? found->second : known.products.emplace(key, Product(key)).first->second;
}

void to_bfloat16s(const float* values, uint16_t* rounded, int64_t begin, int64_t end) {
#pragma omp simd
  for (int64_t i = begin; i < end; i++) rounded[i] = rounded_to_bfloat16(values[i]);
}

// dz = dy if y is positive or NaN, else 0
void mask_values(const float* dy, const float* y, float* dz, int64_t begin, int64_t end) {
#pragma omp simd
  for (int64_t i = begin; i < end; i++) dz[i] = y[i] <= 0 ? 0 : dy[i];
}

void multiply_tiles(const TileProducts& tiles, const Activations& src, Weights& weights, const Epilogue& epilogue,
                    float* dst) {
  float* panels =
      static_cast<float*>(weights.memory.panels.reserve(tiles.packed_size(weights.k, weights.n) * sizeof(float)));
  if (!weights.has_panels) tiles.pack(weights.values, weights.k, weights.n, weights.transposed, panels);
  weights.has_panels = true;
  tiles.multiply(src.tile_rows(), {panels, weights.k, weights.n}, epilogue.bias, epilogue.relu, dst);
}

// Whether oneDNN's float32 product aᵀ · b is faster than ours, including a separate pass for the sums. Measured on Zen
// 5: it is for large results, except those twice as high as wide, which oneDNN divides badly between threads.
bool suits_gemm(const Activations& a, const Activations& b) {
  constexpr int64_t kLargeResult = 1 << 18;
  return !bfloat16_on && a.relu_output == nullptr && a.columns * b.columns >= kLargeResult &&
         a.columns != 2 * b.columns;
}

// sums (+)= Σ_rows values, if no product computes them
void sum_rows(const Activations& x, const ColumnSums& sums) {
  const int64_t columns = x.columns;
  std::vector<float> partials(kRowParts * columns);
  parallel_row_parts(x.rows, [&](int64_t part, int64_t begin, int64_t end) {
    float* partial = partials.data() + part * columns;
    for (int64_t row = begin; row < end; row++) {
      const float* values = x.values + row * columns;
      for (int64_t column = 0; column < columns; column++) partial[column] += values[column];
    }
  });
  add_row_parts(partials.data(), columns, sums.sums, sums.accumulate);
}

// How a product through oneDNN is divided: one part per group of rows and slice of columns.
struct Grid {
  int64_t groups, slices;
};

Grid grid_of(int64_t columns) {
  constexpr int64_t kLeastColumns = 64;
  const int64_t slices = std::clamp<int64_t>(columns / kLeastColumns, 1, team_threads());
  return {team_threads() / slices, slices};
}

// The rows and columns of a part.
struct GridPart {
  int64_t first_row, last_row, first_column, columns;
};

// Divides rows by whole blocks and columns by whole vectors.
GridPart part_of(const Grid& grid, int64_t part, int64_t rows, int64_t columns) {
  constexpr int64_t kLanes = 16;
  const int64_t group = part / grid.slices, slice = part % grid.slices;
  const auto row = [&](int64_t of) {
    return std::min(rows, round_up(rows, kBlock) / kBlock * of / grid.groups * kBlock);
  };
  const auto column = [&](int64_t of) {
    return of == grid.slices ? columns : columns / kLanes * of / grid.slices * kLanes;
  };
  return {row(group), row(group + 1), column(slice), column(slice + 1) - column(slice)};
}

// All rows but the last few are whole blocks. The last bfloat16 rows are padded to a block with zeros; the last float32
// rows never get here.
void multiply_part(const Activations& src, const Weights& weights, const GridPart& range, PackedPart& packed,
                   const Epilogue& epilogue, float* dst) {
  const int64_t n = weights.n, k = weights.k;
  const float* values = weights.values + range.first_column * (weights.transposed ? k : 1);
  const float* bias = epilogue.bias == nullptr ? nullptr : epilogue.bias + range.first_column;
  const bool rounds = src.bfloat16s != nullptr;
  for (int64_t first = range.first_row, rows; first < range.last_row; first += rows) {
    rows = next_block(range.last_row - first);
    const bool is_tail = rows == 0;
    if (is_tail) rows = kBlock;
    static thread_local Buffer tail_memory;
    float* tail = is_tail ? static_cast<float*>(tail_memory.reserve(rows * range.columns * sizeof(float))) : nullptr;
    const Product& step = product({rows, range.columns, k, k, weights.transposed ? k : n, is_tail ? range.columns : n,
                                   false, weights.transposed, true, rounds, bias != nullptr, epilogue.relu, false});
    float* target = dst + first * n + range.first_column;
    const void* of_src = rounds ? static_cast<const void*>(src.bfloat16s + first * k) : src.values + first * k;
    step.run(of_src, step.packed(values, packed), bias, is_tail ? tail : target);
    for (int64_t row = first; is_tail && row < range.last_row; row++) {
      std::memcpy(dst + row * n + range.first_column, tail + (row - first) * range.columns,
                  range.columns * sizeof(float));
    }
  }
}

// Float32 rows must be whole blocks.
void multiply_blocks(const Activations& src, int64_t rows, Weights& weights, const Epilogue& epilogue, float* dst) {
  const Grid grid = grid_of(weights.n);
  const int64_t parts = grid.groups * grid.slices;
  std::vector<PackedPart>& packed = weights.memory.parts;
  if (static_cast<int64_t>(packed.size()) < parts) packed.resize(parts);
  if (weights.parts != parts) {
    for (PackedPart& part : packed) part.layout = {};
    weights.parts = parts;
  }
  parallel_ranges(parts, 1, [&](int64_t begin, int64_t end) {
    const OneThread alone;
    for (int64_t part = begin; part < end; part++) {
      multiply_part(src, weights, part_of(grid, part, rows, weights.n), packed[part], epilogue, dst);
    }
  });
}

void multiply_float32(const Activations& src, Weights& weights, const Epilogue& epilogue, float* dst) {
  const int64_t blocks = weights.k * weights.n >= kPackedWeights ? src.rows / kBlock * kBlock : 0;
  if (blocks > 0) multiply_blocks(src, blocks, weights, epilogue, dst);
  const int64_t rest = src.rows - blocks;
  if (rest == 0) return;
  float* target = dst + blocks * weights.n;
  gemm({rest, weights.n, weights.k, false, weights.transposed}, src.values + blocks * weights.k, weights.values,
       target);
  if (epilogue.bias != nullptr) add_bias(target, epilogue.bias, rest, weights.n, epilogue.relu);
}

// dst [m, n] (+)= aᵀ · b of bfloat16 rows. Threads share the longer side of dst.
void multiply_transposed_bfloat16(const Activations& a, const Activations& b, float* dst, bool accumulate) {
  const int64_t m = a.columns, n = b.columns, padded = round_up(a.rows, kBlock);
  const bool by_rows = m >= n;
  const Grid grid = grid_of(by_rows ? m : n);
  parallel_ranges(grid.slices, 1, [&](int64_t begin, int64_t end) {
    const OneThread alone;
    for (int64_t slice = begin; slice < end; slice++) {
      const GridPart part = part_of({1, grid.slices}, slice, 0, by_rows ? m : n);
      const int64_t column = part.first_column, of_m = by_rows ? part.columns : m, of_n = by_rows ? n : part.columns;
      float* target = dst + (by_rows ? column * n : column);
      for (int64_t first = 0, rows; first < padded; first += rows) {
        rows = next_block(padded - first);
        const ProductKey key{
            of_m, of_n, rows, m, n, n, true, false, false, true, false, false, accumulate || first > 0};
        product(key).run(a.bfloat16s + first * m + (by_rows ? column : 0),
                         b.bfloat16s + first * n + (by_rows ? 0 : column), nullptr, target);
      }
    }
  });
  if (padded == 0 && !accumulate) std::memset(dst, 0, m * n * sizeof(float));
}

}  // namespace

void set_bfloat16(bool on) { bfloat16_on = on; }

bool can_bfloat16() {
  if (bfloat16_tile_products() != nullptr) return true;
  try {
    describe({kBlock, kBlock, kBlock, kBlock, kBlock, kBlock, false, false, true, true, false, false, false});
    return true;
  } catch (const dnnl::error&) {
    return false;
  }
}

double cached_primitives() {
  const std::lock_guard<std::mutex> lock(known_products().lock);
  return static_cast<double>(known_products().products.size());
}

Activations::Activations(const float* values, const float* relu_output, int64_t rows, int64_t columns, Buffer& memory)
    : values(values), relu_output(relu_output), rows(rows), columns(columns) {
  if (tile_products() != nullptr) return;
  const int64_t used = rows * columns, padded = round_up(rows, kBlock) * columns;
  const int64_t rounded_bytes = bfloat16_on ? round_up<int64_t>(padded * sizeof(uint16_t), kBlock) : 0;
  const int64_t masked_bytes = relu_output == nullptr ? 0 : used * sizeof(float);
  if (rounded_bytes + masked_bytes == 0) return;
  char* copies = static_cast<char*>(memory.reserve(rounded_bytes + masked_bytes));
  if (relu_output != nullptr) {
    float* masked = reinterpret_cast<float*>(copies + rounded_bytes);
    parallel_ranges(used, 1 << 16,
                    [&](int64_t begin, int64_t end) { mask_values(values, relu_output, masked, begin, end); });
    this->values = masked;
    this->relu_output = nullptr;
  }
  if (!bfloat16_on) return;
  uint16_t* rounded = reinterpret_cast<uint16_t*>(copies);
  parallel_ranges(used, 1 << 16, [&](int64_t begin, int64_t end) { to_bfloat16s(this->values, rounded, begin, end); });
  std::memset(rounded + used, 0, (padded - used) * sizeof(uint16_t));
  bfloat16s = rounded;
}

void multiply(const Activations& src, Weights& weights, const Epilogue& epilogue, float* dst) {
  const TileProducts* tiles = tile_products();
  if (tiles != nullptr && (src.rows >= kFewestPanelRows || bfloat16_on || src.relu_output != nullptr)) {
    multiply_tiles(*tiles, src, weights, epilogue, dst);
  } else if (src.bfloat16s != nullptr) {
    multiply_blocks(src, src.rows, weights, epilogue, dst);
  } else {
    multiply_float32(src, weights, epilogue, dst);
  }
}

void multiply_transposed(const Activations& a, const Activations& b, float* dst, bool accumulate,
                         const ColumnSums& sums) {
  const TileProducts* tiles = tile_products();
  if (tiles != nullptr && !suits_gemm(a, b)) {
    tiles->multiply_transposed(a.tile_rows(), b.tile_rows(), dst, accumulate, sums);
    return;
  }
  if (sums.sums != nullptr) sum_rows(a, sums);
  if (a.bfloat16s == nullptr) {
    gemm({a.columns, b.columns, a.rows, true, false}, a.values, b.values, dst, accumulate);
    return;
  }
  multiply_transposed_bfloat16(a, b, dst, accumulate);
}

}  // namespace onednn_backend
