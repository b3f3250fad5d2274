#pragma once

#include <cstdint>

#include "../philox.h"

namespace onednn_backend {

struct RowsShape {
  int64_t rows, columns;
};

// y = residual + x ∘ mask; a null residual counts as 0. The gradient is the same function of dy.
void dropout(const float* x, const float* residual, float* y, const RowsShape& shape, const Dropout& dropout);

// Computes the mask itself, equal to dropoutMask() in src/ops/philox.ts.
void dropout_mask(float* mask, const RowsShape& shape, const Dropout& dropout);

}  // namespace onednn_backend
