#include "binary.h"

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

// One row; separate loops, so that each has constant strides and becomes vector code.
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

template <BinaryOperation operation>
INLINE void binary_table(const float* a, const float* b, float* y, const BinaryShape& shape, int64_t begin,
                         int64_t end) {
  for (int64_t row = begin; row < end; row++) {
    binary_row<operation>(a + row * shape.a_row, shape.a_column == 0, b + row * shape.b_row, shape.b_column == 0,
                          y + row * shape.columns, shape.columns);
  }
}

void binary_rows(BinaryOperation operation, const float* a, const float* b, float* y,
                              const BinaryShape& shape, int64_t begin, int64_t end) {
  switch (operation) {
    case BinaryOperation::kAdd: return binary_table<BinaryOperation::kAdd>(a, b, y, shape, begin, end);
    case BinaryOperation::kSubtract: return binary_table<BinaryOperation::kSubtract>(a, b, y, shape, begin, end);
    case BinaryOperation::kMultiply: return binary_table<BinaryOperation::kMultiply>(a, b, y, shape, begin, end);
    case BinaryOperation::kDivide: return binary_table<BinaryOperation::kDivide>(a, b, y, shape, begin, end);
  }
}

void binary(BinaryOperation operation, const float* a, const float* b, float* y, const BinaryShape& shape) {
  constexpr int64_t kGrain = 16384;
  if (shape.rows != 1) {
    parallel_ranges(shape.rows, 1 + kGrain / (1 + shape.columns), [&](int64_t begin, int64_t end) {
      binary_rows(operation, a, b, y, shape, begin, end);
    });
    return;
  }
  // A single row is shared out by columns.
  parallel_ranges(shape.columns, kGrain, [&](int64_t begin, int64_t end) {
    BinaryShape part = shape;
    part.columns = end - begin;
    binary_rows(operation, a + begin * shape.a_column, b + begin * shape.b_column, y + begin, part, 0, 1);
  });
}

}  // namespace onednn_backend
