#pragma once

#include <cstdint>

#include "../rounding.h"

namespace onednn_backend {

constexpr int64_t kScanBlock = 64;  // logits whose maximum is kept

inline int64_t maxima_of_row(int64_t classes) { return ceil_divide(classes, kScanBlock); }

struct TopChoice {
  int64_t classes, width;
  const float* penalties;  // [classes], or null
  float temperature;
  bool quick;  // log p within 6e-6, where logits are not exact either
};

// The likeliest classes of one row of logits: log p = (z − max z) − log Σ exp(z − max z), to which penalties are added
// before the choice. table [2 · width]: log p, best first, the lower class first among equals; their classes. The
// logits are overwritten; maxima [maxima_of_row(classes)] is working memory.
void top_of_row(float* logits, float* maxima, float* table, const TopChoice& choice);

}  // namespace onednn_backend
