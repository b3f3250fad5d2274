#include "sum.h"

#include <algorithm>
#include <vector>

#include "../column-sums.h"
#include "../parallel.h"

namespace onednn_backend {

void row_sums_range(const float* x, float* sums, int64_t begin, int64_t end, int64_t columns) {
  for (int64_t row = begin; row < end; row++) {
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < columns; i++) sum += x[row * columns + i];
    sums[row] = static_cast<float>(sum);
  }
}

void column_sums_range(const float* x, float* sums, int64_t begin, int64_t end, int64_t columns) {
  for (int64_t i = 0; i < columns; i++) sums[i] = 0;
  for (int64_t row = begin; row < end; row++) {
    for (int64_t i = 0; i < columns; i++) sums[i] += x[row * columns + i];
  }
}

void row_sums(const float* x, float* sums, const RowsShape& shape) {
  parallel_ranges(shape.rows, 1 + 16384 / (1 + shape.columns),
                  [&](int64_t begin, int64_t end) { row_sums_range(x, sums, begin, end, shape.columns); });
}

void column_sums(const float* x, float* sums, const RowsShape& shape) {
  std::vector<float> partials(kRowParts * shape.columns);
  parallel_row_parts(shape.rows, [&](int64_t part, int64_t begin, int64_t end) {
    column_sums_range(x, partials.data() + part * shape.columns, begin, end, shape.columns);
  });
  add_row_parts(partials.data(), shape.columns, sums);
}

}  // namespace onednn_backend
