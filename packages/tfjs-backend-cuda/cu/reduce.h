// Sums and maxima of a warp and of a block. The order is fixed by the number of threads, so a result has the same bits
// in every run. Every thread gets the result.
#pragma once
#include "portable.h"

constexpr unsigned kFullWarp = 0xffffffffu;

template <class Number>
__device__ inline Number warp_sum(Number x) {
#pragma unroll
  for (int offset = 16; offset > 0; offset /= 2) x += __shfl_xor_sync(kFullWarp, x, offset);
  return x;
}

__device__ inline float warp_max(float x) {
#pragma unroll
  for (int offset = 16; offset > 0; offset /= 2) x = fmaxf(x, __shfl_xor_sync(kFullWarp, x, offset));
  return x;
}

// The number of threads of the block is a multiple of 32.
template <class Number>
__device__ inline Number block_sum(Number x) {
  __shared__ Number parts[32];
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, warps = blockDim.x / 32;
  x = warp_sum(x);
  if (lane == 0) parts[warp] = x;
  __syncthreads();
  x = warp_sum(lane < warps ? parts[lane] : Number(0));
  __syncthreads();
  return x;
}
