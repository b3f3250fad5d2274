#pragma once

#include <cstdint>

// Counter-based dropout masks (Philox4x32-10), bit for bit those of dropoutMask() in src/ops/philox.ts.
namespace onednn_backend {

// One dropout site in one pass; probability 0 means no dropout.
struct Dropout {
  double probability;
  uint32_t seed, update, micro_batch, site;

  bool active() const { return probability > 0; }
  // An element is dropped when its word is below the threshold, else it is scaled.
  uint32_t threshold() const { return static_cast<uint32_t>(probability * 4294967296.0); }
  float scale() const { return static_cast<float>(1.0 / (1.0 - probability)); }
};

// Masks are made for this many elements at once, so a mask buffer has room for one less than this beyond its end.
constexpr int64_t kPhiloxElements = 32;

// Multiplicative mask (0 or scale) of columns [begin, end) of one row, begin a multiple of 4. A row starts at a whole
// counter block of 4 elements: row stride ⌈columns / 4⌉ blocks.
void dropout_row_mask(const Dropout& dropout, int64_t row, int64_t columns, int64_t begin, int64_t end, float* mask);

}  // namespace onednn_backend
