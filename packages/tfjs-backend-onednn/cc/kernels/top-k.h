#pragma once

#include <cstdint>

#include "dropout.h"

namespace onednn_backend {

// The k largest of each row in falling order, the lower index first among equals;  values, indices [rows, k], k ≤
// columns
void top_k(const float* x, float* values, int32_t* indices, const RowsShape& shape, int64_t k);

}  // namespace onednn_backend
