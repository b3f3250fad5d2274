#pragma once

#include <cstdint>

namespace onednn_backend {

// The likeliest classes of one row of logits: log p = (z − max z) − log Σ exp(z − max z), to which penalties [classes] (or
// null) are added before the choice. table [2 · width]: log p, best first, the lower class first among equals; their
// classes. The logits are overwritten.
void top_of_row(float* logits, const float* penalties, float temperature, float* table, int64_t classes, int64_t width);

}  // namespace onednn_backend
