// Kernels whose threads take elements in turn, and conversions as in JavaScript.
#pragma once
#include "portable.h"

// for (FOR_ELEMENTS(i, size)) { … }: all elements, over all threads of the grid. size < 2^31.
#define FOR_ELEMENTS(i, size)                         \
  unsigned i = blockIdx.x * blockDim.x + threadIdx.x; \
  i < (unsigned)(size);                               \
  i += gridDim.x * blockDim.x

// An integer as an Int32Array stores a number: truncated, modulo 2^32; 0 for NaN and infinities.
__device__ inline int to_int32(double x) {
  if (!(fabs(x) < INFINITY)) return 0;
  if (!(fabs(x) < 9223372036854775808.0)) x = fmod(x, 4294967296.0);
  return (int)(unsigned)(int64_t)x;
}
