// Reads and writes four neighbours of a row at once where memory is aligned, else one by one.
#pragma once
#include "portable.h"

// Whether all of these rows start at multiples of 16 bytes.
__device__ inline bool is_aligned(const void* values) {
  return (reinterpret_cast<unsigned long long>(values) & 15) == 0;
}
template <class... Pointers>
__device__ inline bool are_aligned(int stride, const Pointers*... values) {
  return stride % 4 == 0 && (is_aligned(values) && ...);
}

// The first `count` of four numbers, then zeros; count may be ≤ 0 or > 4. aligned: `from` is a multiple of 16 bytes.
__device__ inline float4 load4(const float* from, int count, bool aligned) {
  if (aligned && count >= 4) return *reinterpret_cast<const float4*>(from);
  return make_float4(count > 0 ? from[0] : 0.0f, count > 1 ? from[1] : 0.0f, count > 2 ? from[2] : 0.0f,
                     count > 3 ? from[3] : 0.0f);
}

__device__ inline void store4(float* to, float4 value, int count, bool aligned) {
  if (aligned && count >= 4) {
    *reinterpret_cast<float4*>(to) = value;
    return;
  }
  if (count > 0) to[0] = value.x;
  if (count > 1) to[1] = value.y;
  if (count > 2) to[2] = value.z;
  if (count > 3) to[3] = value.w;
}
