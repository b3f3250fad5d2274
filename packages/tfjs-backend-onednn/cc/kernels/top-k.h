#pragma once

#include <cstdint>

#include "dropout.h"

namespace onednn_backend {

// The k largest of each row in descending order; the lower index comes first among equals. values, indices [rows, k].
// Throws std::invalid_argument unless k ≤ columns.
void top_k(const float* x, float* values, int32_t* indices, const RowsShape& shape, int64_t k);

}  // namespace onednn_backend
