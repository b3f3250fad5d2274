// Reads and writes two or four neighbours of a row at once where memory is aligned, else one by one. Tables are stored
// as float32 or as bfloat16; kernels compute in float32.
#pragma once
#include "portable.h"

__device__ inline float to_float(float x) { return x; }

template <class Stored>
__device__ inline Stored to_stored(float x);
template <>
__device__ inline float to_stored<float>(float x) {
  return x;
}
template <>
__device__ inline bf16 to_stored<bf16>(float x) {
  return to_bf16(x);
}

// Whether the address is a multiple of the size of four elements.
template <class Stored>
__device__ inline bool is_aligned(const Stored* values) {
  return reinterpret_cast<unsigned long long>(values) % (4 * sizeof(Stored)) == 0;
}
// Whether all of these rows start at such addresses.
template <class... Stored>
__device__ inline bool are_aligned(int stride, const Stored*... values) {
  return stride % 4 == 0 && (is_aligned(values) && ...);
}

__device__ inline float4 load4(const float* from) { return *reinterpret_cast<const float4*>(from); }
__device__ inline float4 load4(const bf16* from) {
  const uint2 words = *reinterpret_cast<const uint2*>(from);
  return make_float4(__uint_as_float(words.x << 16), __uint_as_float(words.x & 0xffff0000u),
                     __uint_as_float(words.y << 16), __uint_as_float(words.y & 0xffff0000u));
}

__device__ inline void store4(float* to, float4 value) { *reinterpret_cast<float4*>(to) = value; }
__device__ inline void store4(bf16* to, float4 value) {
  *reinterpret_cast<uint2*>(to) = make_uint2(pack(value.x, value.y), pack(value.z, value.w));
}

// The first `count` of four numbers, then zeros; count may be ≤ 0 or > 4. aligned: `from` is a multiple of four
// elements.
template <class Stored>
__device__ inline float4 load4(const Stored* from, int count, bool aligned) {
  if (aligned && count >= 4) return load4(from);
  return make_float4(count > 0 ? to_float(from[0]) : 0.0f, count > 1 ? to_float(from[1]) : 0.0f,
                     count > 2 ? to_float(from[2]) : 0.0f, count > 3 ? to_float(from[3]) : 0.0f);
}

template <class Stored>
__device__ inline void store4(Stored* to, float4 value, int count, bool aligned) {
  if (aligned && count >= 4) {
    store4(to, value);
    return;
  }
  if (count > 0) to[0] = to_stored<Stored>(value.x);
  if (count > 1) to[1] = to_stored<Stored>(value.y);
  if (count > 2) to[2] = to_stored<Stored>(value.z);
  if (count > 3) to[3] = to_stored<Stored>(value.w);
}

// Whether pairs of elements of these rows can be written at once.
template <class Stored>
__device__ inline bool are_pairs_aligned(int stride, const Stored* values) {
  return stride % 2 == 0 && reinterpret_cast<unsigned long long>(values) % (2 * sizeof(Stored)) == 0;
}

// Writes two neighbours, or the first alone.
__device__ inline void store2(float* to, float first, float second, bool has_second, bool aligned) {
  if (aligned && has_second) {
    *reinterpret_cast<float2*>(to) = make_float2(first, second);
    return;
  }
  to[0] = first;
  if (has_second) to[1] = second;
}
__device__ inline void store2(bf16* to, float first, float second, bool has_second, bool aligned) {
  if (aligned && has_second) {
    *reinterpret_cast<unsigned*>(to) = pack(first, second);
    return;
  }
  to[0] = to_bf16(first);
  if (has_second) to[1] = to_bf16(second);
}
