#pragma once

#include <cstdint>

// Our own matrix products for processors with AVX-512: a kernel of 14 × 32 sums in registers that reads activations in
// place, so that masks, conversions, biases and sums over rows need no separate pass over memory. For training: many
// rows, and weights that change with every update. kernels/packed-gemm.h explains why translation has its own products.
namespace onednn_backend {

// A matrix of activations [rows, columns]. With `relu_output` (of the same shape), values count as zeros where it is
// not positive: dz of z = relu(…), from dy and y.
struct TileRows {
  const float* values;
  const float* relu_output;
  int64_t rows, columns;
};

// The columns of weights [k, n] in panels of 32, padded with zeros.
struct TilePanels {
  const float* packed;
  int64_t k, n;
};

// Sums over rows, computed together with a product of transposed rows.
struct ColumnSums {
  float* sums;  // null if they are not needed
  bool accumulate;
};

// One set of functions per kind of operands. Sums are float32 in both.
struct TileProducts {
  // The size of packed weights, in floats.
  int64_t (*packed_size)(int64_t k, int64_t n);

  // weights [k, n], or stored as [n, k] if `transposed`
  void (*pack)(const float* weights, int64_t k, int64_t n, bool transposed, float* packed);

  // dst [rows, n] = relu?(src · weights + bias?)
  void (*multiply)(const TileRows& src, const TilePanels& weights, const float* bias, bool relu, float* dst);

  // dst [m, n] (+)= aᵀ · b, sums [m] (+)= Σ_rows a;  a [rows, m], b [rows, n] without relu_output
  void (*multiply_transposed)(const TileRows& a, const TileRows& b, float* dst, bool accumulate,
                              const ColumnSums& sums);
};

// Null if this build or processor has no such products, or if oneDNN has better ones (AMX).
const TileProducts* float32_tile_products();
const TileProducts* bfloat16_tile_products();

}  // namespace onednn_backend
