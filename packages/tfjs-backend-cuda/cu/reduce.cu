// y[outer, part, inner] = Σ, maximum or minimum of x[outer, k, inner] over the `length` elements k of a part of the reduced
// axis, always in the same order. Two launches reduce a long axis: into parts, then over the parts.
#include "rows.h"

// y is 1 if all, or any, are not 0.
struct All {
  __device__ static unsigned char start() { return 1; }
  __device__ static unsigned char combine(unsigned char a, unsigned char b) { return a && b; }
};
struct Any {
  __device__ static unsigned char start() { return 0; }
  __device__ static unsigned char combine(unsigned char a, unsigned char b) { return a || b; }
};

struct Product {
  __device__ static float start() { return 1.f; }
  __device__ static float combine(float a, float b) { return a * b; }
};

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
__device__ inline unsigned char divided(unsigned char x, float) { return x; }

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
REDUCTION(prod_float, float, Product)
REDUCTION(all_bool, unsigned char, All)
REDUCTION(any_bool, unsigned char, Any)

// The index of the largest x[row, i] · sign, the first among equals. NaN counts only if it is the first of its row: then
// nothing is larger, as in tfjs-backend-cpu. One block a row.
KERNEL(arg_extreme_rows, (const float* x, int* y, int columns, float sign)) {
  __shared__ float values[32];
  __shared__ int indices[32];
  x += (int64_t)blockIdx.x * columns;
  float best = -INFINITY;
  int at = 0;
  for (int i = threadIdx.x; i < columns; i += blockDim.x) {
    const float value = sign * x[i];
    if (value > best || (value == best && i < at)) best = value, at = i;
  }
  const auto combine = [&](float other, int index) {
    if (other > best || (other == best && index < at)) best = other, at = index;
  };
  for (int lanes = 16; lanes > 0; lanes >>= 1) {
    const float other = __shfl_xor_sync(0xffffffffu, best, lanes);
    combine(other, __shfl_xor_sync(0xffffffffu, at, lanes));
  }
  if (threadIdx.x % 32 == 0) values[threadIdx.x / 32] = best, indices[threadIdx.x / 32] = at;
  __syncthreads();
  if (threadIdx.x != 0) return;
  for (int warp = 1; warp < (int)blockDim.x / 32; ++warp) combine(values[warp], indices[warp]);
  y[blockIdx.x] = x[0] != x[0] ? 0 : at;
}
