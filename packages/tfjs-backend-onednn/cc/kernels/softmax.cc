#include "softmax.h"

#include "../parallel.h"
#include "row-operations.h"

namespace onednn_backend {

void softmax_rows(const float* x, float* y, int64_t begin, int64_t end, int64_t columns) {
  for (int64_t row = begin; row < end; row++) softmax_row(x + row * columns, y + row * columns, columns);
}

void log_softmax_rows(const float* x, float* y, int64_t begin, int64_t end, int64_t columns) {
  for (int64_t row = begin; row < end; row++) {
    const float* scores = x + row * columns;
    float* output = y + row * columns;
    const float top = row_maximum(scores, columns), log_sum = log_sum_below(scores, columns, top);
    for (int64_t i = 0; i < columns; i++) output[i] = (scores[i] - top) - log_sum;
  }
}

void softmax(const float* x, float* y, const RowsShape& shape) {
  parallel_ranges(shape.rows, 1 + 2048 / (1 + shape.columns),
                  [&](int64_t begin, int64_t end) { softmax_rows(x, y, begin, end, shape.columns); });
}

void log_softmax(const float* x, float* y, const RowsShape& shape) {
  parallel_ranges(shape.rows, 1 + 2048 / (1 + shape.columns),
                  [&](int64_t begin, int64_t end) { log_softmax_rows(x, y, begin, end, shape.columns); });
}

}  // namespace onednn_backend
