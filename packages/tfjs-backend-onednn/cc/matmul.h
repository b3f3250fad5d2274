#pragma once

#include <cstdint>
#include <dnnl.hpp>

#include "storage.h"

// The matrix products of layers, through oneDNN's matmul primitives: bias and ReLU in the same pass, weights packed for
// the kernel, and bfloat16 operands where that is switched on; sums and results are float32 always.
namespace onednn_backend {

// Whole blocks of so many rows are what products do best.
constexpr int64_t kProductRows = 128;

// Whether products of layers round their operands to bfloat16.
void set_bfloat16(bool on);

// Whether this processor has such products.
bool can_bfloat16();

// Primitives that are kept for the next product of the same shape.
double cached_primitives();

// Rows of activations as products read them: as they are, or for bfloat16 a converted copy in `memory`, filled up with
// rows of zeros. Good until `memory` serves another.
struct Activations {
  Activations(const float* values, int64_t rows, int64_t columns, Buffer& memory);

  const float* values;
  const uint16_t* bfloat16s;  // null in float32
  int64_t rows, columns;
};

// Weights [k, n], stored like that or transposed. They are packed into `memory` when a product first needs them, and
// again only where one wants another layout.
struct Weights {
  Weights(const float* values, int64_t k, int64_t n, bool transposed, Buffer& memory)
      : values(values), k(k), n(n), transposed(transposed), memory(memory) {}

  const float* values;
  int64_t k, n;
  bool transposed;
  Buffer& memory;
  dnnl::memory::desc packed_layout;  // of what `memory` holds; empty before the first product
};

struct Epilogue {
  const float* bias;  // [n], or null
  bool relu;
};

// dst [rows, n] = relu(src [rows, k] · weights [k, n] + bias)
void multiply(const Activations& src, Weights& weights, const Epilogue& epilogue, float* dst);

// dst [m, n] (+)= Σ_rows a[row, :]ᵀ · b[row, :];  a [rows, m], b [rows, n]
void multiply_transposed(const Activations& a, const Activations& b, float* dst, bool accumulate);

}  // namespace onednn_backend
