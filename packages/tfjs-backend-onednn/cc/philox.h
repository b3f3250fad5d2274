#pragma once

#include <cstdint>

#include "multiversion.h"

// Counter-based dropout masks, bit for bit those of dropoutMask() in src/ops/philox.ts.
namespace onednn_backend {

// One dropout site in one pass; probability 0 means no dropout.
struct Dropout {
  double probability;
  uint32_t seed, update, micro_batch, site;

  bool active() const { return probability > 0; }
  uint32_t threshold() const { return static_cast<uint32_t>(probability * 4294967296.0); }
  float scale() const { return static_cast<float>(1.0 / (1.0 - probability)); }
};

constexpr int kPhiloxLanes = 8;  // counter blocks made at once
constexpr int kPhiloxElements = 4 * kPhiloxLanes;

typedef uint32_t PhiloxWords __attribute__((vector_size(4 * kPhiloxLanes)));
typedef uint64_t PhiloxProducts __attribute__((vector_size(4 * kPhiloxLanes)));

// High and low words of lanes · multiplier, from the 64-bit products of the even and the odd lanes.
INLINE void multiply_wide(PhiloxWords lanes, uint32_t multiplier, PhiloxWords& high, PhiloxWords& low) {
  const PhiloxProducts words = reinterpret_cast<PhiloxProducts>(lanes);
  const PhiloxProducts factor = PhiloxProducts{} + multiplier;
  const PhiloxWords even = reinterpret_cast<PhiloxWords>((words & 0xffffffffu) * factor);
  const PhiloxWords odd = reinterpret_cast<PhiloxWords>((words >> 32) * factor);
  low = __builtin_shuffle(even, odd, PhiloxWords{0, 8, 2, 10, 4, 12, 6, 14});
  high = __builtin_shuffle(even, odd, PhiloxWords{1, 9, 3, 11, 5, 13, 7, 15});
}

// Multiplicative mask (0 or scale) of 32 elements that begin with counter block `block`; 4 elements to a block.
INLINE void philox_mask(const Dropout& dropout, uint64_t block, float* mask) {
  PhiloxWords c0, c1, c2 = PhiloxWords{} + dropout.site, c3 = PhiloxWords{} + dropout.micro_batch;
  for (int lane = 0; lane < kPhiloxLanes; lane++) {
    c0[lane] = static_cast<uint32_t>(block + lane);
    c1[lane] = static_cast<uint32_t>((block + lane) >> 32);
  }
  uint32_t k0 = dropout.seed, k1 = dropout.update;
  for (int round = 0; round < 10; round++) {
    PhiloxWords high0, low0, high1, low1;
    multiply_wide(c0, 0xd2511f53u, high0, low0);
    multiply_wide(c2, 0xcd9e8d57u, high1, low1);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 += 0x9e3779b9u;
    k1 += 0xbb67ae85u;
  }
  const uint32_t threshold = dropout.threshold();
  const float scale = dropout.scale();
  uint32_t words[4][kPhiloxLanes];
  __builtin_memcpy(words[0], &c0, sizeof c0);
  __builtin_memcpy(words[1], &c1, sizeof c1);
  __builtin_memcpy(words[2], &c2, sizeof c2);
  __builtin_memcpy(words[3], &c3, sizeof c3);
  for (int lane = 0; lane < kPhiloxLanes; lane++) {
    for (int word = 0; word < 4; word++) mask[4 * lane + word] = words[word][lane] < threshold ? 0.0f : scale;
  }
}

// Mask of columns [begin, end) of one row, begin a multiple of 4; writes up to 31 elements beyond the end.
INLINE void dropout_row_mask(const Dropout& dropout, int64_t row, int64_t columns, int64_t begin, int64_t end,
                             float* mask) {
  const int64_t blocks_per_row = (columns + 3) / 4;
  for (int64_t column = begin; column < end; column += kPhiloxElements) {
    philox_mask(dropout, static_cast<uint64_t>(row * blocks_per_row + column / 4), mask + (column - begin));
  }
}

}  // namespace onednn_backend
