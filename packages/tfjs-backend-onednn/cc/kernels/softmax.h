#pragma once

#include <cstdint>

#include "dropout.h"

namespace onednn_backend {

// Over each row: y = exp(x − lse), lse = log Σ exp x
void softmax(const float* x, float* y, const RowsShape& shape);

// Over each row: y = x − lse, accurate also where y is close to 0
void log_softmax(const float* x, float* y, const RowsShape& shape);

}  // namespace onednn_backend
