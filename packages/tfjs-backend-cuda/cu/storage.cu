// What works on arrays in bfloat16, element by element: conversion to float32 and sums in float32.
#include "elements.h"
#include "vectors.h"

namespace {

constexpr int kThreads = 256;

// y = a + b.
template <class Stored>
__device__ inline void add(const bf16* a, const Stored* b, float* y, int size) {
  const bool aligned = are_aligned(0, a, b, y);
  for (FOR_ELEMENTS(group, size / 4 + 1)) {
    const int first = group * 4, count = size - first;
    const float4 value = load4(a + first, count, aligned), other = load4(b + first, count, aligned);
    store4(y + first, make_float4(value.x + other.x, value.y + other.y, value.z + other.z, value.w + other.w), count,
           aligned);
  }
}

}  // namespace

// y ← x, exact.
BOUNDED_KERNEL(kThreads, 4, bfloat16_to_float32, (const bf16* x, float* y, int size)) {
  const bool aligned = are_aligned(0, x, y);
  for (FOR_ELEMENTS(group, size / 4 + 1)) {
    const int first = group * 4;
    store4(y + first, load4(x + first, size - first, aligned), size - first, aligned);
  }
}

BOUNDED_KERNEL(kThreads, 4, add_float32_to_bfloat16, (const bf16* a, const float* b, float* y, int size)) {
  add(a, b, y, size);
}

BOUNDED_KERNEL(kThreads, 4, add_bfloat16_to_bfloat16, (const bf16* a, const bf16* b, float* y, int size)) {
  add(a, b, y, size);
}
