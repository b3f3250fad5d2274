#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "inline.h"

// Branch-free float32 functions, which compilers vectorise inside a loop. The functions of libm are calls.
namespace onednn_backend {

// Bits are unsigned because signed numbers must not be shifted or wrap around.
INLINE float bits_to_float(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

INLINE uint32_t float_to_bits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

// 2ⁿ for −127 < n < 128
INLINE float power_of_two(int32_t n) { return bits_to_float(static_cast<uint32_t>(n + 127) << 23); }

// eˣ within 1.5 ulp; 0 below −104 (including −∞), +∞ above 88.73. NaN is not supported.
//   x = n·ln 2 + r, |r| ≤ ½ ln 2;  eˣ = 2ⁿ·eʳ; the power is split into two factors, so that denormals are correct
INLINE float vector_exp(float x) {
  constexpr float kLog2E = 1.44269504088896341f;
  constexpr float kLn2High = 0.693359375f;  // few bits, so that n·kLn2High is exact
  constexpr float kLn2Low = -2.12194440e-4f;
  constexpr float kRound = 12582912.0f;  // 1.5·2²³: adding it leaves round(x) in the low bits
  x = x < -104.0f ? -104.0f : x;
  x = x > 89.0f ? 89.0f : x;
  const float shifted = x * kLog2E + kRound;
  const int32_t n = static_cast<int32_t>(float_to_bits(shifted) - float_to_bits(kRound));
  const float whole = shifted - kRound;
  const float r = (x - whole * kLn2High) - whole * kLn2Low;
  float p = 1.9875691500e-4f;  // Cephes expf
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = (p * r * r + r) + 1.0f;
  const int32_t half = n >> 1;
  return p * power_of_two(half) * power_of_two(n - half);
}

// eˣ for −87 ≤ x ≤ 88 within 6e-6 of the value, 2⁻¹²⁶ below that; for long sums, which need no more.
//   x·log₂e = n + f, |f| ≤ ½;  eˣ = 2ⁿ·2ᶠ
INLINE float quick_exp(float x) {
  constexpr float kLog2E = 1.44269504088896341f;
  constexpr float kRound = 12582912.0f;  // 1.5·2²³: adding it leaves round(x) in the low bits
  float y = x * kLog2E;
  y = y < -126.0f ? -126.0f : y;
  const float shifted = y + kRound;
  const float f = y - (shifted - kRound);
  float p = 1.3333558e-3f;  // Taylor's coefficients of 2ᶠ
  p = p * f + 9.6181291e-3f;
  p = p * f + 5.5504109e-2f;
  p = p * f + 2.4022651e-1f;
  p = p * f + 6.9314718e-1f;
  p = p * f + 1.0f;
  return bits_to_float(float_to_bits(p) + (float_to_bits(shifted) << 23));
}

// log x for normal x > 0 within about 1 ulp.  x = 2ᵉ·m, √½ ≤ m < √2
INLINE float vector_log(float x) {
  const uint32_t bits = float_to_bits(x);
  const int32_t e = static_cast<int32_t>(bits - 0x3f3504f3) >> 23;
  const float m = bits_to_float(bits - (static_cast<uint32_t>(e) << 23)) - 1.0f;
  float p = 7.0376836292e-2f;  // Cephes logf
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  const float square = m * m;
  const float exponent = static_cast<float>(e);
  const float tail = p * m * square - 2.12194440e-4f * exponent - 0.5f * square;
  return m + tail + 0.693359375f * exponent;
}

// log(1 − p) for 0 ≤ p < 1, with the digits of a small p: log u, corrected for the part of p that u = 1 − p rounded
// away.
INLINE float vector_log1m(float p) {
  const float u = 1.0f - p;
  return vector_log(u) - ((u - 1.0f) + p) / u;
}

// sin(πx/2) for 0 ≤ x ≤ 1, error about 1e-7 of the value.
INLINE float vector_sin_quarter(float x) {
  const float square = x * x;
  float p = -3.5425842e-6f;  // Taylor's coefficients of sin(πx/2), the last one fitted to sin(π/2) = 1
  p = p * square + 1.6044118478736e-4f;
  p = p * square - 4.6817541353187e-3f;
  p = p * square + 7.9692626246167e-2f;
  p = p * square - 6.4596409750625e-1f;
  p = p * square + 1.5707963267949f;
  return p * x;
}

}  // namespace onednn_backend
