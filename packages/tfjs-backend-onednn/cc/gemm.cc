#include "gemm.h"

#include <dnnl.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "one-thread.h"
#include "parallel.h"
#include "rounding.h"

namespace onednn_backend {

namespace {

// Parts end at multiples of a vector, so that with AVX-512 their results equal those of the whole product bit for bit.
constexpr int64_t kUnit = 16;

// A part with less work than this is not worth a thread.
constexpr int64_t kLeastFlops = 1 << 20;

// lda, ldb and ldc are the distances between rows of the stored matrices, in elements.
void sgemm(const GemmShape& shape, const float* a, int64_t lda, const float* b, int64_t ldb, float* c, int64_t ldc,
           bool accumulate) {
  const OneThread alone;
  const dnnl_status_t status = dnnl_sgemm(shape.transpose_a ? 'T' : 'N', shape.transpose_b ? 'T' : 'N', shape.m,
                                          shape.n, shape.k, 1.0f, a, lda, b, ldb, accumulate ? 1.0f : 0.0f, c, ldc);
  if (status != dnnl_success) throw std::runtime_error("dnnl_sgemm failed with status " + std::to_string(status));
}

}  // namespace

void gemm(const GemmShape& shape, const float* a, const float* b, float* c, bool accumulate) {
  const auto [m, n, k, transpose_a, transpose_b] = shape;
  const int64_t lda = transpose_a ? m : k, ldb = transpose_b ? k : n;
  const bool split_rows = m >= n;
  const int64_t longer = split_rows ? m : n, flops_of_unit = 2 * kUnit * (split_rows ? n : m) * k;
  const int64_t units = ceil_divide(longer, kUnit);
  const auto multiply = [&](int64_t first, int64_t last) {
    const int64_t begin = first * kUnit, count = std::min(longer, last * kUnit) - begin;
    if (split_rows) {
      sgemm({count, n, k, transpose_a, transpose_b}, a + begin * (transpose_a ? 1 : lda), lda, b, ldb, c + begin * n, n,
            accumulate);
    } else {
      sgemm({m, count, k, transpose_a, transpose_b}, a, lda, b + begin * (transpose_b ? ldb : 1), ldb, c + begin, n,
            accumulate);
    }
  };
  parallel_ranges(units, 1 + kLeastFlops / (1 + flops_of_unit), multiply,
                  1);  // each part packs the whole other operand
}

}  // namespace onednn_backend
