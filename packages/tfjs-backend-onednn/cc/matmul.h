#pragma once

#include <cstdint>
#include <dnnl.hpp>
#include <vector>

#include "storage.h"
#include "tiles/products.h"

// The matrix products of layers: bias and ReLU in the same pass, weights packed for the kernel, and bfloat16 operands
// where that is switched on; sums and results are float32 always. By products of our own where the processor has what
// they need, else through oneDNN's matmul primitives.
namespace onednn_backend {

// Whole blocks of so many rows are what products do best.
constexpr int64_t kProductRows = 128;

// Whether products of layers round their operands to bfloat16.
void set_bfloat16(bool on);

// Whether this processor has such products.
bool can_bfloat16();

// Primitives that are kept for the next product of the same shape.
double cached_primitives();

// Rows of activations as products read them: as they are, or a copy in `memory`, good until that serves another:
// masked, and converted to bfloat16 with the last block filled up with rows of zeros. Products of our own (tiles/) need
// no copy.
struct Activations {
  // relu_output: where this [rows, columns] is not positive, values count as zeros; or null.
  Activations(const float* values, const float* relu_output, int64_t rows, int64_t columns, Buffer& memory);

  TileRows tile_rows() const { return {values, relu_output, rows, columns}; }

  const float *values, *relu_output;
  const uint16_t* bfloat16s = nullptr;  // null in float32
  int64_t rows, columns;
};

// A part of weights in a layout of oneDNN's; an empty one before they are packed.
struct PackedPart {
  Buffer memory;
  dnnl::memory::desc layout;
};

// Memory for packed weights, kept for the next ones: panels for products of our own, or parts for oneDNN.
struct PackedMemory {
  Buffer panels;
  std::vector<PackedPart> parts;
};

// Weights [k, n], stored like that or transposed. They are packed into `memory` when a product first needs them, and
// again only where one wants another layout.
struct Weights {
  Weights(const float* values, int64_t k, int64_t n, bool transposed, PackedMemory& memory)
      : values(values), k(k), n(n), transposed(transposed), memory(memory) {}

  const float* values;
  int64_t k, n;
  bool transposed;
  PackedMemory& memory;
  bool has_panels = false;  // `memory` holds panels of these weights
  int64_t parts = 0;        // that `memory` holds of these weights, for oneDNN
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
