// What the gradient of y = [ReLU](x · Wᵀ + b) needs beside matrix products.
#include "vectors.h"

namespace {

constexpr int kColumns = 32, kSlices = 8;

// The kernels below; a null y stands for no ReLU, and a null dz is not written.
template <class Stored, class Result>
__device__ inline void bias_gradient(const Stored* dy, const Stored* y, Result* dz, float* parts, int rows, int columns,
                                     int part_rows) {
  __shared__ float slices[kSlices][kColumns];
  const int column = blockIdx.x * kColumns + threadIdx.x;
  const int begin = blockIdx.y * part_rows, end = min(begin + part_rows, rows);
  float sum = 0;
  if (column < columns) {
#pragma unroll 4
    for (int row = begin + threadIdx.y; row < end; row += kSlices) {
      const size_t at = static_cast<size_t>(row) * columns + column;
      float gradient = to_float(dy[at]);
      if (y != nullptr && !(to_float(y[at]) > 0)) gradient = 0.0f;
      if (dz != nullptr) dz[at] = to_stored<Result>(gradient);
      sum += gradient;
    }
  }
  slices[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.y > 0 || column >= columns) return;
  for (int slice = 1; slice < kSlices; ++slice) sum += slices[slice][threadIdx.x];
  parts[static_cast<size_t>(blockIdx.y) * columns + column] = sum;
}

}  // namespace

// dz = dy where y > 0, else 0;  parts[part, column] = Σ dz over the rows of one part, not rounded. Without ReLU, y is null
// and dz = dy. dy, y, dz [rows, columns], parts [⌈rows / part_rows⌉, columns]
// Block: [32, 8]; grid: [⌈columns / 32⌉, parts].
#define BIAS_GRADIENT(name, Stored, Result)                                                                           \
  BOUNDED_KERNEL(kColumns* kSlices, 4, name,                                                                          \
                 (const Stored* dy, const Stored* y, Result* dz, float* parts, int rows, int columns, int part_rows)) { \
    bias_gradient(dy, y, dz, parts, rows, columns, part_rows);                                                        \
  }

BIAS_GRADIENT(linear_bias_grad_float32_to_float32, float, float)
BIAS_GRADIENT(linear_bias_grad_float32_to_bfloat16, float, bf16)
BIAS_GRADIENT(linear_bias_grad_bfloat16_to_bfloat16, bf16, bf16)
