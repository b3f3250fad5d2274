#pragma once

#include <cstdint>
#include <dnnl.hpp>
#include <vector>

#include "storage.h"
#include "tiles/products.h"

// The matrix products of layers, with bias and ReLU in the same pass and packed weights. Operands are rounded to
// bfloat16 if that is enabled; sums and results are always float32. Processors with AVX-512 use our own products,
// others oneDNN's matmul primitives.
namespace onednn_backend {

// Products are fastest for whole blocks of this many rows.
constexpr int64_t kProductRows = 128;

// Sets whether products of layers round their operands to bfloat16.
void set_bfloat16(bool on);

// Whether this processor has bfloat16 products.
bool can_bfloat16();

// The number of primitives that are kept for later products of the same shape.
double cached_primitives();

// Rows of activations as products read them: either the original, or a copy in `memory` that is valid until `memory` is
// used again. The copy is masked, or converted to bfloat16 with the last block padded with zeros. Our own products
// (tiles/) need no copy.
struct Activations {
  // relu_output [rows, columns], or null: values count as zeros where it is not positive.
  Activations(const float* values, const float* relu_output, int64_t rows, int64_t columns, Buffer& memory);

  TileRows tile_rows() const { return {values, relu_output, rows, columns}; }

  const float *values, *relu_output;
  const uint16_t* bfloat16s = nullptr;  // null in float32
  int64_t rows, columns;
};

// A part of weights in a oneDNN layout; the layout is empty until they are packed.
struct PackedPart {
  Buffer memory;
  dnnl::memory::desc layout;
};

// Memory for packed weights, reused by later products: panels for our own products, or parts for oneDNN.
struct PackedMemory {
  Buffer panels;
  std::vector<PackedPart> parts;
};

// Weights [k, n], stored like that or transposed. The first product that needs them packs them into `memory`; a product
// that needs another layout packs them again.
struct Weights {
  Weights(const float* values, int64_t k, int64_t n, bool transposed, PackedMemory& memory)
      : values(values), k(k), n(n), transposed(transposed), memory(memory) {}

  const float* values;
  int64_t k, n;
  bool transposed;
  PackedMemory& memory;
  bool has_panels = false;  // `memory` contains panels of these weights
  int64_t parts = 0;        // the number of parts of these weights in `memory`, for oneDNN
};

struct Epilogue {
  const float* bias;  // [n], or null
  bool relu;
};

// dst [rows, n] = relu(src [rows, k] · weights [k, n] + bias)
void multiply(const Activations& src, Weights& weights, const Epilogue& epilogue, float* dst);

// dst [m, n] (+)= Σ_rows a[row, :]ᵀ · b[row, :], sums [m] (+)= Σ_rows a[row, :];  a [rows, m], b [rows, n]
void multiply_transposed(const Activations& a, const Activations& b, float* dst, bool accumulate,
                         const ColumnSums& sums);

}  // namespace onednn_backend
