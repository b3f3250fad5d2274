#include "matmul.h"

#include <omp.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "bfloat16.h"
#include "column-sums.h"
#include "gemm.h"
#include "inline.h"
#include "kernels/linear.h"
#include "parallel.h"

namespace onednn_backend {

namespace {

using dnnl::memory;

// Rows are handed to primitives in blocks of few sizes, so that the many lengths of batches need few primitives.
constexpr int64_t kLargeBlock = 2048, kBlock = kProductRows;

// Below this many weights dnnl_sgemm is as fast as a float32 primitive with packed weights.
constexpr int64_t kPackedWeights = 1 << 17;

// Fewer rows than this do not repay packed panels.
constexpr int64_t kFewestPanelRows = 64;

bool bfloat16_on = false;

const TileProducts* tile_products() { return bfloat16_on ? bfloat16_tile_products() : float32_tile_products(); }

dnnl::engine& cpu() {
  static dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

dnnl::stream& cpu_stream() {
  static dnnl::stream stream(cpu());
  return stream;
}

int64_t round_up(int64_t rows) { return (rows + kBlock - 1) / kBlock * kBlock; }

// The largest block that fits into this many rows; 0 where none does.
int64_t next_block(int64_t rows) { return rows >= kLargeBlock ? kLargeBlock : rows / kBlock * kBlock; }

memory::dims row_major(int64_t rows, int64_t columns, bool transposed) {
  return transposed ? memory::dims{1, rows} : memory::dims{columns, 1};
}

// What a primitive is made for, the number of threads too. Transposed: stored the other way round.
struct ProductKey {
  int64_t m, n, k;
  bool transpose_src, transpose_weights, packs_weights, bfloat16, bias, relu, accumulate;
  int threads = omp_get_max_threads();

  auto tied() const {
    return std::tie(m, n, k, transpose_src, transpose_weights, packs_weights, bfloat16, bias, relu, accumulate,
                    threads);
  }
  bool operator<(const ProductKey& other) const { return tied() < other.tied(); }
};

dnnl::matmul::primitive_desc describe(const ProductKey& key) {
  using type = memory::data_type;
  const type operand = key.bfloat16 ? type::bf16 : type::f32;
  const memory::desc src({key.m, key.k}, operand, row_major(key.m, key.k, key.transpose_src));
  const memory::desc plain({key.k, key.n}, operand, row_major(key.k, key.n, key.transpose_weights));
  const memory::desc any({key.k, key.n}, operand, memory::format_tag::any);
  const memory::desc& weights = key.packs_weights ? any : plain;
  const memory::desc bias({1, key.n}, type::f32, memory::dims{key.n, 1});
  const memory::desc dst({key.m, key.n}, type::f32, memory::dims{key.n, 1});
  dnnl::post_ops after;
  dnnl::primitive_attr attributes;
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

// dst = src · weights with its epilogue.
class Product {
 public:
  explicit Product(const ProductKey& key)
      : descriptor_(describe(key)),
        primitive_(descriptor_),
        plain_weights_({key.k, key.n}, memory::data_type::f32, row_major(key.k, key.n, key.transpose_weights)),
        bias_({1, key.n}, memory::data_type::f32, memory::dims{key.n, 1}) {
    if (key.packs_weights) {
      pack_ = dnnl::reorder(dnnl::reorder::primitive_desc(cpu(), plain_weights_, cpu(), descriptor_.weights_desc()));
    }
  }

  // The weights in the layout of this product.
  const void* packed(Weights& weights) const {
    const memory::desc layout = descriptor_.weights_desc();
    if (weights.packed_layout != layout) {
      memory source(plain_weights_, cpu(), const_cast<float*>(weights.values));
      memory target(layout, cpu(), weights.memory.reserve(layout.get_size()));
      pack_.execute(cpu_stream(), {{DNNL_ARG_FROM, source}, {DNNL_ARG_TO, target}});
      weights.packed_layout = layout;
    }
    return weights.memory.data();
  }

  void run(const void* src, const void* weights, const float* bias, float* dst) const {
    const auto read = [](const memory::desc& desc, const void* data) {
      return memory(desc, cpu(), const_cast<void*>(data));
    };
    std::unordered_map<int, memory> arguments = {{DNNL_ARG_SRC, read(descriptor_.src_desc(), src)},
                                                 {DNNL_ARG_WEIGHTS, read(descriptor_.weights_desc(), weights)},
                                                 {DNNL_ARG_DST, memory(descriptor_.dst_desc(), cpu(), dst)}};
    if (bias != nullptr) arguments.emplace(DNNL_ARG_BIAS, read(bias_, bias));
    primitive_.execute(cpu_stream(), arguments);
  }

 private:
  dnnl::matmul::primitive_desc descriptor_;
  dnnl::matmul primitive_;
  memory::desc plain_weights_, bias_;
  dnnl::reorder pack_;
};

std::map<ProductKey, Product>& known_products() {
  static std::map<ProductKey, Product> products;
  return products;
}

const Product& product(const ProductKey& key) {
  std::map<ProductKey, Product>& products = known_products();
  const auto known = products.find(key);
  return known != products.end() ? known->second : products.emplace(key, Product(key)).first->second;
}

void to_bfloat16s(const float* values, uint16_t* rounded, int64_t begin, int64_t end) {
#pragma omp simd
  for (int64_t i = begin; i < end; i++) rounded[i] = rounded_to_bfloat16(values[i]);
}

// dz = dy where y is positive or NaN, else 0
void mask_values(const float* dy, const float* y, float* dz, int64_t begin, int64_t end) {
#pragma omp simd
  for (int64_t i = begin; i < end; i++) dz[i] = y[i] <= 0 ? 0 : dy[i];
}

void multiply_tiles(const TileProducts& tiles, const Activations& src, Weights& weights, const Epilogue& epilogue,
                    float* dst) {
  float* panels =
      static_cast<float*>(weights.memory.reserve(tiles.packed_size(weights.k, weights.n) * sizeof(float)));
  if (!weights.has_panels) tiles.pack(weights.values, weights.k, weights.n, weights.transposed, panels);
  weights.has_panels = true;
  tiles.multiply(src.tile_rows(), {panels, weights.k, weights.n}, epilogue.bias, epilogue.relu, dst);
}

// Whether oneDNN's float32 product aᵀ · b is faster than ours, the sums in a pass of their own included: seen on Zen 5 for
// large results, but for those twice as high as wide, which it divides badly between threads.
bool suits_gemm(const Activations& a, const Activations& b) {
  constexpr int64_t kLargeResult = 1 << 18;
  return !bfloat16_on && a.relu_output == nullptr && a.columns * b.columns >= kLargeResult &&
         a.columns != 2 * b.columns;
}

// sums (+)= Σ_rows values, where no product takes care of it
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

// The first rows are whole blocks; what is left of bfloat16 rows is a block whose last rows are zeros.
void multiply_bfloat16(const Activations& src, Weights& weights, const Epilogue& epilogue, float* dst) {
  static Buffer tail;
  for (int64_t first = 0, rows; first < src.rows; first += rows) {
    rows = next_block(src.rows - first);
    const bool is_tail = rows == 0;
    if (is_tail) rows = kBlock;
    const Product& step = product({rows, weights.n, weights.k, false, weights.transposed, true, true,
                                   epilogue.bias != nullptr, epilogue.relu, false});
    float* target = is_tail ? static_cast<float*>(tail.reserve(rows * weights.n * sizeof(float)))
                            : dst + first * weights.n;
    step.run(src.bfloat16s + first * weights.k, step.packed(weights), epilogue.bias, target);
    if (is_tail) std::memcpy(dst + first * weights.n, target, (src.rows - first) * weights.n * sizeof(float));
  }
}

void multiply_float32(const Activations& src, Weights& weights, const Epilogue& epilogue, float* dst) {
  int64_t first = 0;
  if (weights.k * weights.n >= kPackedWeights) {
    for (int64_t rows; (rows = next_block(src.rows - first)) > 0; first += rows) {
      const Product& step = product({rows, weights.n, weights.k, false, weights.transposed, true, false,
                                     epilogue.bias != nullptr, epilogue.relu, false});
      step.run(src.values + first * weights.k, step.packed(weights), epilogue.bias, dst + first * weights.n);
    }
  }
  const int64_t rest = src.rows - first;
  if (rest == 0) return;
  float* target = dst + first * weights.n;
  gemm({rest, weights.n, weights.k, false, weights.transposed}, src.values + first * weights.k, weights.values, target);
  if (epilogue.bias != nullptr) add_bias(target, epilogue.bias, rest, weights.n, epilogue.relu);
}

}  // namespace

void set_bfloat16(bool on) { bfloat16_on = on; }

bool can_bfloat16() {
  if (bfloat16_tile_products() != nullptr) return true;
  try {
    describe({kBlock, kBlock, kBlock, false, false, true, true, false, false, false});
    return true;
  } catch (const dnnl::error&) {
    return false;
  }
}

double cached_primitives() { return static_cast<double>(known_products().size()); }

Activations::Activations(const float* values, const float* relu_output, int64_t rows, int64_t columns, Buffer& memory)
    : values(values), relu_output(relu_output), rows(rows), columns(columns) {
  if (tile_products() != nullptr) return;
  const int64_t used = rows * columns, padded = round_up(rows) * columns;
  const int64_t rounded_bytes = bfloat16_on ? round_up(padded * sizeof(uint16_t)) : 0;
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
  parallel_ranges(used, 1 << 16,
                  [&](int64_t begin, int64_t end) { to_bfloat16s(this->values, rounded, begin, end); });
  std::memset(rounded + used, 0, (padded - used) * sizeof(uint16_t));
  bfloat16s = rounded;
}

void multiply(const Activations& src, Weights& weights, const Epilogue& epilogue, float* dst) {
  const TileProducts* tiles = tile_products();
  if (tiles != nullptr && (src.rows >= kFewestPanelRows || bfloat16_on || src.relu_output != nullptr)) {
    multiply_tiles(*tiles, src, weights, epilogue, dst);
  } else if (src.bfloat16s != nullptr) {
    multiply_bfloat16(src, weights, epilogue, dst);
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
  const int64_t padded = round_up(a.rows);
  for (int64_t first = 0, rows; first < padded; first += rows) {
    rows = next_block(padded - first);
    const ProductKey key{a.columns, b.columns, rows, true, false, false, true, false, false, accumulate || first > 0};
    product(key).run(a.bfloat16s + first * a.columns, b.bfloat16s + first * b.columns, nullptr, dst);
  }
  if (padded == 0 && !accumulate) std::memset(dst, 0, a.columns * b.columns * sizeof(float));
}

}  // namespace onednn_backend
