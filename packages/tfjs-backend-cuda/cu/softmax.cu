// y[row, i] = exp(x[row, i] - max) / Σ_j exp(x[row, j] - max). One block a row.
#include "rows.h"

KERNEL(softmax_rows, (const float* x, float* y, int columns)) {
  x += (int64_t)blockIdx.x * columns;
  y += (int64_t)blockIdx.x * columns;
  float most = -INFINITY;
  for (int i = threadIdx.x; i < columns; i += blockDim.x) most = Max::combine(most, x[i]);
  most = block_reduce<Max>(most);
  float sum = 0.f;
  for (int i = threadIdx.x; i < columns; i += blockDim.x) sum += expf(x[i] - most);
  sum = block_reduce<Sum>(sum);
  for (int i = threadIdx.x; i < columns; i += blockDim.x) y[i] = expf(x[i] - most) / sum;
}
