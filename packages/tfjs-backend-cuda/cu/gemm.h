// What the matrix products in float32 and in bfloat16 share.
#pragma once
#include "portable.h"

// What a matrix product does with a sum: C = alpha · sum [+ C] [+ bias] [ReLU].
struct Epilogue {
  const float* bias;  // one per column, or null
  float alpha;
  bool accumulate, relu;
};

__device__ inline float finish(const Epilogue& epilogue, float sum, float before, float bias) {
  const float value = epilogue.alpha * sum + (before + bias);
  return epilogue.relu && value < 0 ? 0.0f : value;  // NaN stays
}

// The shape of a product: op(A) [m, k], op(B) [k, n], C [m, n].
struct Shape {
  int m, n, k;
  int lda, ldb, ldc;  // elements from one stored row to the next
  int splits;         // parts of k, which different blocks sum
};

// A kernel around gemm<Tile, kTransposeA, kTransposeB>(a, b, c, shape, epilogue, part), which the file defines, with
// operands of this type. Grid: [⌈n / tile⌉, ⌈m / tile⌉, batches · splits]. A stride is the number of elements from one
// matrix of a batch to the next. With several splits, c is [batches, splits, m, n], and gemm_float32_finish adds its
// parts.
#define GEMM(name, Operand, Tile, kTransposeA, kTransposeB)                                                     \
  BOUNDED_KERNEL(                                                                                               \
      Tile::kThreads, 2, name,                                                                                  \
      (const Operand* a, const Operand* b, float* c, const float* bias, int m, int n, int k, int lda, int ldb,  \
       int ldc, int stride_a, int stride_b, int stride_c, int splits, float alpha, int accumulate, int relu)) { \
    const size_t batch = blockIdx.z / splits;                                                                   \
    const int part = blockIdx.z % splits;                                                                       \
    gemm<Tile, kTransposeA, kTransposeB>(                                                                       \
        a + batch * stride_a, b + batch * stride_b, c + (splits > 1 ? blockIdx.z : batch) * stride_c,           \
        Shape{m, n, k, lda, ldb, ldc, splits}, Epilogue{bias, alpha, accumulate != 0, relu != 0}, part);        \
  }

// The kernels PREFIX_TRANSPOSITIONS_TILE for all transpositions, with the tiles Large and Small of the file.
#define GEMM_KERNELS(prefix, Operand)                   \
  GEMM(prefix##_nn_large, Operand, Large, false, false) \
  GEMM(prefix##_nt_large, Operand, Large, false, true)  \
  GEMM(prefix##_tn_large, Operand, Large, true, false)  \
  GEMM(prefix##_tt_large, Operand, Large, true, true)   \
  GEMM(prefix##_nn_small, Operand, Small, false, false) \
  GEMM(prefix##_nt_small, Operand, Small, false, true)  \
  GEMM(prefix##_tn_small, Operand, Small, true, false)  \
  GEMM(prefix##_tt_small, Operand, Small, true, true)
