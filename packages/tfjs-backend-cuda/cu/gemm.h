// What the matrix products in float32 and in bfloat16 share.
#pragma once
#include "vectors.h"

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
// operands and results of these types. Grid: [⌈n / tile⌉, ⌈m / tile⌉, batches · splits]. A stride is the number of
// elements from one matrix of a batch to the next. With several splits, c is float32 [batches, splits, m, n], and
// GEMM_FINISH adds its parts.
#define GEMM(name, Operand, Result, Tile, kTransposeA, kTransposeB)                                             \
  BOUNDED_KERNEL(                                                                                               \
      Tile::kThreads, 2, name,                                                                                  \
      (const Operand* a, const Operand* b, Result* c, const float* bias, int m, int n, int k, int lda, int ldb, \
       int ldc, int stride_a, int stride_b, int stride_c, int splits, float alpha, int accumulate, int relu)) { \
    const size_t batch = blockIdx.z / splits;                                                                   \
    const int part = blockIdx.z % splits;                                                                       \
    gemm<Tile, kTransposeA, kTransposeB>(                                                                       \
        a + batch * stride_a, b + batch * stride_b, c + (splits > 1 ? blockIdx.z : batch) * stride_c,           \
        Shape{m, n, k, lda, ldb, ldc, splits}, Epilogue{bias, alpha, accumulate != 0, relu != 0}, part);        \
  }

// The kernels PREFIX_TRANSPOSITIONS_TILE for a transposition of B, with the tiles Large and Small of the file.
#define GEMM_NORMAL_A(prefix, Operand, Result)                  \
  GEMM(prefix##_nn_large, Operand, Result, Large, false, false) \
  GEMM(prefix##_nt_large, Operand, Result, Large, false, true)  \
  GEMM(prefix##_nn_small, Operand, Result, Small, false, false) \
  GEMM(prefix##_nt_small, Operand, Result, Small, false, true)
#define GEMM_TRANSPOSED_A(prefix, Operand, Result)             \
  GEMM(prefix##_tn_large, Operand, Result, Large, true, false) \
  GEMM(prefix##_tt_large, Operand, Result, Large, true, true)  \
  GEMM(prefix##_tn_small, Operand, Result, Small, true, false) \
  GEMM(prefix##_tt_small, Operand, Result, Small, true, true)

// c = alpha · Σ_split parts[batch, split] [+ c] [+ bias] [ReLU], in the order of splits. Grid: [blocks, batches].
#define GEMM_FINISH(name, Result)                                                                                  \
  KERNEL(name, (const float* parts, Result* c, const float* bias, int m, int n, int ldc, int stride_c, int splits, \
                float alpha, int accumulate, int relu)) {                                                          \
    finish_parts(parts, c, m, n, ldc, stride_c, splits, Epilogue{bias, alpha, accumulate != 0, relu != 0});        \
  }

template <class Result>
__device__ inline void finish_parts(const float* parts, Result* c, int m, int n, int ldc, int stride_c, int splits,
                                    const Epilogue& epilogue) {
  const size_t size = static_cast<size_t>(m) * n, step = static_cast<size_t>(gridDim.x) * blockDim.x;
  const float* mine = parts + blockIdx.y * splits * size;
  for (size_t i = static_cast<size_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < size; i += step) {
    const size_t row = i / n, column = i % n;
    Result* to = c + static_cast<size_t>(blockIdx.y) * stride_c + row * ldc + column;
    float sum = mine[i];
    for (int split = 1; split < splits; ++split) sum += mine[split * size + i];
    *to = to_stored<Result>(finish(epilogue, sum, epilogue.accumulate ? to_float(*to) : 0.0f,
                                   epilogue.bias == nullptr ? 0.0f : epilogue.bias[column]));
  }
}
