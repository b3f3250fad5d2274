#pragma once

#include <cstdint>

#include "../rounding.h"

namespace onednn_backend {

constexpr int64_t kScanBlock = 64;  // logits per block, whose maximum is kept

inline int64_t maxima_of_row(int64_t classes) { return ceil_divide(classes, kScanBlock); }

struct TopChoice {
  int64_t classes, width;
  const float* penalties;  // [classes], or null
  float temperature;
  bool quick;  // log p within 6e-6, if the logits are no more exact
};

// The most likely classes of one row of logits: log p = (z − max z) − log Σ exp(z − max z), plus the penalties. table
// [2 · width]: log p, best first, the lower class first among equals; then the classes. Overwrites the logits; maxima
// [maxima_of_row(classes)] is working memory.
void top_of_row(float* logits, float* maxima, float* table, const TopChoice& choice);

}  // namespace onednn_backend
