// y[outer, part, inner] = Σ, maximum or minimum of x[outer, k, inner] over the `length` elements k of a part of the reduced
// axis, always in the same order. Two launches reduce a long axis: into parts, then over the parts.
#include "rows.h"

template <class T>
struct SumOf;
template <>
struct SumOf<float> : Sum {};
template <>
struct SumOf<int> {
  __device__ static int start() { return 0; }
  __device__ static int combine(int a, int b) { return (int)((unsigned)a + (unsigned)b); }
};

template <class T>
struct MaxOf;
template <>
struct MaxOf<float> : Max {};
template <>
struct MaxOf<int> {
  __device__ static int start() { return -2147483647 - 1; }
  __device__ static int combine(int a, int b) { return a > b ? a : b; }
};

template <class T>
struct MinOf;
template <>
struct MinOf<float> : Min {};
template <>
struct MinOf<int> {
  __device__ static int start() { return 2147483647; }
  __device__ static int combine(int a, int b) { return a < b ? a : b; }
};

__device__ inline float divided(float x, float divisor) { return x / divisor; }
__device__ inline int divided(int x, float) { return x; }

// A block for each part of each row; inner is 1.
template <class Operation, class T>
__device__ inline void reduce_rows(const T* x, T* y, int reduced, int length, int parts, float divisor) {
  const unsigned row = blockIdx.x / parts, part = blockIdx.x % parts;
  const int begin = part * length, end = min(reduced, begin + length);
  x += (int64_t)row * reduced;
  T result = Operation::start();
  for (int k = begin + threadIdx.x; k < end; k += blockDim.x) result = Operation::combine(result, x[k]);
  result = block_reduce<Operation>(result);
  if (threadIdx.x == 0) y[blockIdx.x] = divided(result, divisor);
}

// A thread for each element of y.
template <class Operation, class T>
__device__ inline void reduce_columns(const T* x, T* y, int size, int reduced, int inner, int length, int parts,
                                      float divisor) {
  const unsigned at = blockIdx.x * blockDim.x + threadIdx.x;
  if (at >= (unsigned)size) return;
  const unsigned column = at % inner, rest = at / inner, part = rest % parts, outer = rest / parts;
  const int begin = part * length, end = min(reduced, begin + length);
  x += (int64_t)outer * reduced * inner + column;
  T result = Operation::start();
  for (int k = begin; k < end; ++k) result = Operation::combine(result, x[(int64_t)k * inner]);
  y[at] = divided(result, divisor);
}

#define REDUCTION(name, T, Operation)                                                                              \
  KERNEL(name##_rows, (const T* x, T* y, int reduced, int length, int parts, float divisor)) {                     \
    reduce_rows<Operation>(x, y, reduced, length, parts, divisor);                                                 \
  }                                                                                                                \
  KERNEL(name##_columns, (const T* x, T* y, int size, int reduced, int inner, int length, int parts, float divisor)) { \
    reduce_columns<Operation>(x, y, size, reduced, inner, length, parts, divisor);                                 \
  }

REDUCTION(sum_float, float, SumOf<float>)
REDUCTION(sum_int, int, SumOf<int>)
REDUCTION(max_float, float, MaxOf<float>)
REDUCTION(max_int, int, MaxOf<int>)
REDUCTION(min_float, float, MinOf<float>)
REDUCTION(min_int, int, MinOf<int>)
