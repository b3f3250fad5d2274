// y = residual + x ∘ mask; a null residual counts as 0, and the gradient is the same function of dy.
#include "philox.h"
#include "vectors.h"

namespace {
constexpr int kThreads = 256;
}

// x, residual, y [rows, columns]. A thread computes groups of 4 columns, which have one block of the mask.
BOUNDED_KERNEL(kThreads, 4, dropout,
               (const float* x, const float* residual, float* y, int rows, int columns, unsigned threshold,
                float scale, unsigned seed, unsigned update, unsigned micro_batch, unsigned site)) {
  const Dropout dropout{threshold, scale, seed, update, micro_batch, site};
  const bool aligned = are_aligned(columns, x, residual, y);
  const size_t groups = (columns + 3) / 4, step = static_cast<size_t>(gridDim.x) * blockDim.x;
  for (size_t group = static_cast<size_t>(blockIdx.x) * blockDim.x + threadIdx.x; group < rows * groups;
       group += step) {
    const size_t row = group / groups;
    const int column = static_cast<int>(group % groups) * 4, count = columns - column;
    const size_t at = row * columns + column;
    const float4 value = load4(x + at, count, aligned);
    const float4 added = residual == nullptr ? make_float4(0, 0, 0, 0) : load4(residual + at, count, aligned);
    const Mask4 mask = threshold == 0 ? Mask4{{1, 1, 1, 1}} : dropout_mask(dropout, group);
    store4(y + at,
           make_float4(added.x + value.x * mask.values[0], added.y + value.y * mask.values[1],
                       added.z + value.z * mask.values[2], added.w + value.w * mask.values[3]),
           count, aligned);
  }
}
