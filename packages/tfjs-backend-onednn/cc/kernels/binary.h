#pragma once

#include <cstdint>

namespace onednn_backend {

enum class BinaryOperation { kAdd, kSubtract, kMultiply, kDivide };

// An operand of a table [rows, columns]: 0 as a stride repeats a row or a column.
struct BinaryShape {
  int64_t rows, columns;
  int64_t a_row, a_column, b_row, b_column;
};

// y[i, j] = a[i, j] ∘ b[i, j];  y [rows, columns] without gaps
void binary(BinaryOperation operation, const float* a, const float* b, float* y, const BinaryShape& shape);

}  // namespace onednn_backend
