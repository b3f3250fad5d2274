#include "binary.h"

#include <stdexcept>

#include "../inline.h"
#include "../parallel.h"

namespace onednn_backend {

template <BinaryOperation operation>
INLINE float apply(float a, float b) {
  if constexpr (operation == BinaryOperation::kAdd) return a + b;
  if constexpr (operation == BinaryOperation::kSubtract) return a - b;
  if constexpr (operation == BinaryOperation::kMultiply) return a * b;
  if constexpr (operation == BinaryOperation::kDivide) return a / b;
}

// Computes one row. Separate loops have constant strides, so that compilers vectorise them.
template <BinaryOperation operation>
INLINE void binary_row(const float* a, bool repeat_a, const float* b, bool repeat_b, float* y, int64_t columns) {
  if (!repeat_a && !repeat_b) {
    for (int64_t i = 0; i < columns; i++) y[i] = apply<operation>(a[i], b[i]);
  } else if (!repeat_a) {
    for (int64_t i = 0; i < columns; i++) y[i] = apply<operation>(a[i], b[0]);
  } else {
    for (int64_t i = 0; i < columns; i++) y[i] = apply<operation>(a[0], b[repeat_b ? 0 : i]);
  }
}

// The distance to the next row and column of an operand; 0 repeats the same one.
struct Strides {
  int64_t row, column;
};

Strides strides_of(int64_t rows, int64_t columns, const BinaryShape& shape) {
  const bool fits = (rows == 1 || rows == shape.rows) && (columns == 1 || columns == shape.columns);
  if (!fits) throw std::invalid_argument("the rows and columns of an operand must be 1 or those of the result");
  const int64_t column = columns == 1 && shape.columns != 1 ? 0 : 1;
  return {rows == 1 ? 0 : columns, column};
}

struct BinaryTable {
  Strides a, b;
  int64_t columns;
};

template <BinaryOperation operation>
INLINE void binary_table(const float* a, const float* b, float* y, const BinaryTable& table, int64_t begin,
                         int64_t end) {
  for (int64_t row = begin; row < end; row++) {
    binary_row<operation>(a + row * table.a.row, table.a.column == 0, b + row * table.b.row, table.b.column == 0,
                          y + row * table.columns, table.columns);
  }
}

void binary_rows(BinaryOperation operation, const float* a, const float* b, float* y, const BinaryTable& table,
                 int64_t begin, int64_t end) {
  switch (operation) {
    case BinaryOperation::kAdd: return binary_table<BinaryOperation::kAdd>(a, b, y, table, begin, end);
    case BinaryOperation::kSubtract: return binary_table<BinaryOperation::kSubtract>(a, b, y, table, begin, end);
    case BinaryOperation::kMultiply: return binary_table<BinaryOperation::kMultiply>(a, b, y, table, begin, end);
    case BinaryOperation::kDivide: return binary_table<BinaryOperation::kDivide>(a, b, y, table, begin, end);
  }
}

void binary(BinaryOperation operation, const float* a, const float* b, float* y, const BinaryShape& shape) {
  constexpr int64_t kGrain = 16384;
  const BinaryTable table{strides_of(shape.a_rows, shape.a_columns, shape),
                          strides_of(shape.b_rows, shape.b_columns, shape), shape.columns};
  if (shape.rows != 1) {
    parallel_ranges(shape.rows, 1 + kGrain / (1 + shape.columns),
                    [&](int64_t begin, int64_t end) { binary_rows(operation, a, b, y, table, begin, end); });
    return;
  }
  // Threads share the columns of a single row.
  parallel_ranges(shape.columns, kGrain, [&](int64_t begin, int64_t end) {
    const BinaryTable part{table.a, table.b, end - begin};
    binary_rows(operation, a + begin * table.a.column, b + begin * table.b.column, y + begin, part, 0, 1);
  });
}

}  // namespace onednn_backend
