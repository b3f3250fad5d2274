#include "batch-matmul.h"

#include "../parallel.h"

namespace onednn_backend {

void batch_matmul(const float* src, const float* weights, float* dst, const BatchShape& batches,
                  const GemmShape& shape) {
  const auto product = [&](int64_t index) {
    gemm(shape, src + index % batches.src_batch * shape.m * shape.k,
         weights + index % batches.weights_batch * shape.k * shape.n, dst + index * shape.m * shape.n);
  };
  // Many products run on one thread each; few products share all threads.
  if (batches.batch >= 2 * team_threads()) {
    parallel_ranges(batches.batch, 1, [&](int64_t begin, int64_t end) {
      for (int64_t index = begin; index < end; index++) product(index);
    });
  } else {
    for (int64_t index = 0; index < batches.batch; index++) product(index);
  }
}

}  // namespace onednn_backend
