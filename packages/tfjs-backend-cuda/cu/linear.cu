// What the gradient of y = [ReLU](x · Wᵀ + b) needs beside matrix products.
#include "portable.h"

namespace {
constexpr int kColumns = 32, kSlices = 8;
}

// dz = dy where y > 0, else 0;  parts[part, column] = Σ dz over the rows of one part. Without ReLU, y and dz are null and
// dz = dy. dy, y, dz [rows, columns], parts [⌈rows / part_rows⌉, columns]
// Block: [32, 8]; grid: [⌈columns / 32⌉, parts].
BOUNDED_KERNEL(kColumns* kSlices, 4, linear_bias_grad,
               (const float* dy, const float* y, float* dz, float* parts, int rows, int columns, int part_rows)) {
  __shared__ float slices[kSlices][kColumns];
  const int column = blockIdx.x * kColumns + threadIdx.x;
  const int begin = blockIdx.y * part_rows, end = min(begin + part_rows, rows);
  float sum = 0;
  if (column < columns) {
#pragma unroll 4
    for (int row = begin + threadIdx.y; row < end; row += kSlices) {
      const size_t at = static_cast<size_t>(row) * columns + column;
      float gradient = dy[at];
      if (y != nullptr) {
        gradient = y[at] > 0 ? gradient : 0.0f;
        dz[at] = gradient;
      }
      sum += gradient;
    }
  }
  slices[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.y > 0 || column >= columns) return;
  for (int slice = 1; slice < kSlices; ++slice) sum += slices[slice][threadIdx.x];
  parts[static_cast<size_t>(blockIdx.y) * columns + column] = sum;
}
