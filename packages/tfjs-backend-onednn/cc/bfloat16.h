#pragma once

#include <cstdint>
#include <cstring>

#include "inline.h"

namespace onednn_backend {

// Rounds to nearest, ties to even. NaN stays NaN.
INLINE uint16_t rounded_to_bfloat16(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  const uint32_t rounded = bits + 0x7fff + ((bits >> 16) & 1);
  const bool is_nan = (bits & 0x7fffffff) > 0x7f800000;
  return static_cast<uint16_t>((is_nan ? bits | 0x400000 : rounded) >> 16);
}

// Elements are stored as float32 or bfloat16; kernels compute with float32.
INLINE float to_float(float value) { return value; }
INLINE float to_float(uint16_t value) {
  const uint32_t bits = static_cast<uint32_t>(value) << 16;
  float result;
  std::memcpy(&result, &bits, sizeof result);
  return result;
}

INLINE void store_as(float& target, float value) { target = value; }
INLINE void store_as(uint16_t& target, float value) { target = rounded_to_bfloat16(value); }

}  // namespace onednn_backend
