#pragma once

#include <cstdint>

namespace onednn_backend {

enum class BinaryOperation { kAdd, kSubtract, kMultiply, kDivide };

// a is [a_rows, a_columns] and b is [b_rows, b_columns]. Each size is 1 or that of the result; a single row or column
// is repeated.
struct BinaryShape {
  int64_t rows, columns;
  int64_t a_rows, a_columns, b_rows, b_columns;
};

// y[i, j] = a[i, j] ∘ b[i, j];  y [rows, columns]. Throws std::invalid_argument for operands of other shapes.
void binary(BinaryOperation operation, const float* a, const float* b, float* y, const BinaryShape& shape);

}  // namespace onednn_backend
