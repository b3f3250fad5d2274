#pragma once

#include <cstdint>

// Counter-based dropout masks (Philox4x32-10), equal bit for bit to dropoutMask() in src/ops/philox.ts.
namespace onednn_backend {

// One dropout site in one pass. Probability 0 means no dropout.
struct Dropout {
  double probability;
  uint32_t seed, update, micro_batch, site;

  bool active() const { return probability > 0; }
  // An element is dropped if its word is below the threshold; others are scaled.
  uint32_t threshold() const { return static_cast<uint32_t>(probability * 4294967296.0); }
  float scale() const { return static_cast<float>(1.0 / (1.0 - probability)); }
};

// Masks are computed this many elements at a time, so a mask buffer needs room for up to 31 more elements.
constexpr int64_t kPhiloxElements = 32;

// Computes the multiplicative mask (0 or scale) of columns [begin, end) of one row; begin is a multiple of 4. Each row
// starts at a counter block of 4 elements: the stride of a row is ⌈columns / 4⌉ blocks.
void dropout_row_mask(const Dropout& dropout, int64_t row, int64_t columns, int64_t begin, int64_t end, float* mask);

}  // namespace onednn_backend
