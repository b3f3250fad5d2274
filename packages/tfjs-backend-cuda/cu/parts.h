// Reads a product whose inner dimension different blocks have summed: the parts of gemm.h.
#pragma once
#include "vectors.h"

// Σ_part parts[part · stride] + bias of four neighbours, in the order of the parts; the first `rest` of them, then
// zeros. aligned: all addresses are multiples of 16 bytes.
__device__ inline float4 sum_of_parts(const float* parts, size_t stride, int count, const float* bias, int rest,
                                      bool aligned) {
  float4 sum = load4(parts, rest, aligned);
  for (int part = 1; part < count; ++part) {
    const float4 v = load4(parts + part * stride, rest, aligned);
    sum = make_float4(sum.x + v.x, sum.y + v.y, sum.z + v.z, sum.w + v.w);
  }
  const float4 b = load4(bias, rest, aligned);
  return make_float4(sum.x + b.x, sum.y + b.y, sum.z + b.z, sum.w + b.w);
}
