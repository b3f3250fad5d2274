// y = residual + x ∘ mask; a null residual counts as 0, and the gradient is the same function of dy.
#include "philox.h"
#include "vectors.h"

namespace {

constexpr int kThreads = 256;

template <class Stored, class Result>
__device__ inline void drop(const Stored* x, const float* residual, Result* y, int rows, int columns,
                            const Dropout& dropout) {
  const bool aligned = are_aligned(columns, x, residual, y);
  const size_t groups = (columns + 3) / 4, step = static_cast<size_t>(gridDim.x) * blockDim.x;
  for (size_t group = static_cast<size_t>(blockIdx.x) * blockDim.x + threadIdx.x; group < rows * groups;
       group += step) {
    const size_t row = group / groups;
    const int column = static_cast<int>(group % groups) * 4, count = columns - column;
    const size_t at = row * columns + column;
    const float4 value = load4(x + at, count, aligned);
    const float4 added = residual == nullptr ? make_float4(0, 0, 0, 0) : load4(residual + at, count, aligned);
    const Mask4 mask = dropout.threshold == 0 ? Mask4{{1, 1, 1, 1}} : dropout_mask(dropout, group);
    store4(y + at,
           make_float4(added.x + value.x * mask.values[0], added.y + value.y * mask.values[1],
                       added.z + value.z * mask.values[2], added.w + value.w * mask.values[3]),
           count, aligned);
  }
}

}  // namespace

// x, residual, y [rows, columns]. A thread computes groups of 4 columns, which have one block of the mask.
#define DROPOUT(name, Stored, Result)                                                                                \
  BOUNDED_KERNEL(kThreads, 4, name,                                                                                  \
                 (const Stored* x, const float* residual, Result* y, int rows, int columns, unsigned threshold,      \
                  float scale, unsigned seed, unsigned update, unsigned micro_batch, unsigned site)) {               \
    drop(x, residual, y, rows, columns, Dropout{threshold, scale, seed, update, micro_batch, site});                 \
  }

DROPOUT(dropout_float32_to_float32, float, float)
DROPOUT(dropout_float32_to_bfloat16, float, bf16)
DROPOUT(dropout_bfloat16_to_float32, bf16, float)
DROPOUT(dropout_bfloat16_to_bfloat16, bf16, bf16)
