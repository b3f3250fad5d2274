#include "gemm.h"

#include <dnnl.h>

#include <stdexcept>
#include <string>

namespace onednn_backend {

void gemm(const GemmShape& shape, const float* a, int64_t lda, const float* b, int64_t ldb, float* c, int64_t ldc,
          bool accumulate) {
  const dnnl_status_t status =
      dnnl_sgemm(shape.transpose_a ? 'T' : 'N', shape.transpose_b ? 'T' : 'N', shape.m, shape.n, shape.k, 1.0f, a, lda,
                 b, ldb, accumulate ? 1.0f : 0.0f, c, ldc);
  if (status != dnnl_success) throw std::runtime_error("dnnl_sgemm failed with status " + std::to_string(status));
}

void gemm(const GemmShape& shape, const float* a, const float* b, float* c, bool accumulate) {
  gemm(shape, a, shape.transpose_a ? shape.m : shape.k, b, shape.transpose_b ? shape.k : shape.n, c, shape.n,
       accumulate);
}

}  // namespace onednn_backend
