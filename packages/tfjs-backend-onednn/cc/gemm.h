#pragma once

#include <cstdint>

namespace onednn_backend {

// op(a) is [m, k] and op(b) is [k, n], row-major. A transposed operand is stored as [k, m] or [n, k].
struct GemmShape {
  int64_t m, n, k;
  bool transpose_a, transpose_b;
};

// c = op(a) · op(b), or c += … if `accumulate`. Calls dnnl_sgemm for parts of the longer side of c.
void gemm(const GemmShape& shape, const float* a, const float* b, float* c, bool accumulate = false);

}  // namespace onednn_backend
