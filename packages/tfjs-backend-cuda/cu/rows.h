// Sums and maxima over a warp and a block, in a fixed order.
#pragma once
#include "portable.h"

struct Sum {
  __device__ static float start() { return 0.f; }
  __device__ static float combine(float a, float b) { return a + b; }
};

// NaN wins, as in JavaScript's Math.max.
struct Max {
  __device__ static float start() { return -INFINITY; }
  __device__ static float combine(float a, float b) { return a > b || a != a ? a : b; }
};

struct Min {
  __device__ static float start() { return INFINITY; }
  __device__ static float combine(float a, float b) { return a < b || a != a ? a : b; }
};

template <class Operation, class T>
__device__ inline T warp_reduce(T x) {
  for (int lanes = 16; lanes > 0; lanes >>= 1) x = Operation::combine(x, __shfl_xor_sync(0xffffffffu, x, lanes));
  return x;
}

// The same result in all threads of a block whose size is a multiple of 32.
template <class Operation, class T>
__device__ inline T block_reduce(T x) {
  __shared__ T parts[32];
  x = warp_reduce<Operation>(x);
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, warps = blockDim.x / 32;
  if (lane == 0) parts[warp] = x;
  __syncthreads();
  x = warp_reduce<Operation>(lane < warps ? parts[lane] : (T)Operation::start());
  __syncthreads();  // parts may be written again
  return x;
}
