// y[row, i] = exp(x[row, i] - max) / Σ_j exp(x[row, j] - max), and its logarithm. One block a row.
#include "rows.h"

template <bool LOG>
__device__ inline void softmax(const float* x, float* y, int columns) {
  x += (int64_t)blockIdx.x * columns;
  y += (int64_t)blockIdx.x * columns;
  float most = -INFINITY;
  for (int i = threadIdx.x; i < columns; i += blockDim.x) most = Max::combine(most, x[i]);
  most = block_reduce<Max>(most);
  float sum = 0.f;
  for (int i = threadIdx.x; i < columns; i += blockDim.x) sum += expf(x[i] - most);
  sum = block_reduce<Sum>(sum);
  const float log_sum = logf(sum);
  for (int i = threadIdx.x; i < columns; i += blockDim.x) {
    y[i] = LOG ? x[i] - most - log_sum : expf(x[i] - most) / sum;
  }
}

KERNEL(softmax_rows, (const float* x, float* y, int columns)) { softmax<false>(x, y, columns); }

KERNEL(log_softmax_rows, (const float* x, float* y, int columns)) { softmax<true>(x, y, columns); }
