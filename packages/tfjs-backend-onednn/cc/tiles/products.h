#pragma once

#include <cstdint>

// Matrix products of our own for processors with AVX-512: a kernel of 14 × 32 sums in registers that reads activations
// where they lie, so that masks, conversions, biases and sums over rows cost no pass over memory of their own. For
// training: many rows, and weights that change with every update; kernels/packed-gemm.h says why translating has
// products apart.
namespace onednn_backend {

// A matrix of activations [rows, columns]. With `relu_output` (of the same shape) the values where that is not positive
// count as zeros: dz of z = relu(…), dy and y given.
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

// Sums over rows that come with a product of transposed rows.
struct ColumnSums {
  float* sums;  // null for none
  bool accumulate;
};

// One set of functions for each kind of operands; sums are float32 in both.
struct TileProducts {
  // Floats that packed weights take.
  int64_t (*packed_size)(int64_t k, int64_t n);

  // weights [k, n], or stored as [n, k] where `transposed`
  void (*pack)(const float* weights, int64_t k, int64_t n, bool transposed, float* packed);

  // dst [rows, n] = relu?(src · weights + bias?)
  void (*multiply)(const TileRows& src, const TilePanels& weights, const float* bias, bool relu, float* dst);

  // dst [m, n] (+)= aᵀ · b, sums [m] (+)= Σ_rows a;  a [rows, m], b [rows, n] without relu_output
  void (*multiply_transposed)(const TileRows& a, const TileRows& b, float* dst, bool accumulate,
                              const ColumnSums& sums);
};

// Null where this build or this processor has no such products, or oneDNN has better ones (AMX).
const TileProducts* float32_tile_products();
const TileProducts* bfloat16_tile_products();

}  // namespace onednn_backend
