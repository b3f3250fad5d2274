#pragma once

#include <cstdint>

#include "../gemm.h"

namespace onednn_backend {

// dst[i] = op(src[i mod src_batch]) · op(weights[i mod weights_batch]) for i in [0, batch)
struct BatchShape {
  int64_t batch, src_batch, weights_batch;
};

void batch_matmul(const float* src, const float* weights, float* dst, const BatchShape& batches,
                  const GemmShape& shape);

}  // namespace onednn_backend
