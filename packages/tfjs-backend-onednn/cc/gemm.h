#pragma once

#include <cstdint>

namespace onednn_backend {

// op(a) is [m, k] and op(b) is [k, n], row-major; a transposed operand is stored the other way round.
struct GemmShape {
  int64_t m, n, k;
  bool transpose_a, transpose_b;
};

// c = op(a) · op(b), or c += … when `accumulate`; rows of the stored matrices are lda, ldb, ldc elements apart.
// Inside an OpenMP region it computes on the calling thread alone.
void gemm(const GemmShape& shape, const float* a, int64_t lda, const float* b, int64_t ldb, float* c, int64_t ldc,
          bool accumulate = false);

// The same for matrices without gaps between rows.
void gemm(const GemmShape& shape, const float* a, const float* b, float* c, bool accumulate = false);

}  // namespace onednn_backend
