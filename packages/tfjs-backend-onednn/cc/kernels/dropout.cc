#include "dropout.h"

#include <algorithm>
#include <cstring>

#include "../parallel.h"

namespace onednn_backend {

constexpr int64_t kMaskColumns = 512;  // a long row is computed in pieces of this many columns

void dropout_rows(const float* x, const float* residual, float* y, int64_t begin, int64_t end, int64_t columns,
                  const Dropout& dropout) {
  float mask[kMaskColumns];
  for (int64_t row = begin; row < end; row++) {
    for (int64_t first = 0; first < columns; first += kMaskColumns) {
      const int64_t last = std::min(first + kMaskColumns, columns);
      dropout_row_mask(dropout, row, columns, first, last, mask);
      const int64_t offset = row * columns + first;
      if (residual == nullptr) {
        for (int64_t i = 0; i < last - first; i++) y[offset + i] = x[offset + i] * mask[i];
      } else {
        for (int64_t i = 0; i < last - first; i++) y[offset + i] = residual[offset + i] + x[offset + i] * mask[i];
      }
    }
  }
}

void add_rows(const float* x, const float* residual, float* y, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; i++) y[i] = residual[i] + x[i];
}

void dropout(const float* x, const float* residual, float* y, const RowsShape& shape, const Dropout& dropout) {
  const int64_t grain = std::max<int64_t>(1, 8192 / std::max<int64_t>(shape.columns, 1));
  parallel_ranges(shape.rows, grain, [&](int64_t begin, int64_t end) {
    const int64_t first = begin * shape.columns, last = end * shape.columns;
    if (dropout.active()) {
      dropout_rows(x, residual, y, begin, end, shape.columns, dropout);
    } else if (residual != nullptr) {
      add_rows(x, residual, y, first, last);
    } else {
      std::memcpy(y + first, x + first, (last - first) * sizeof(float));
    }
  });
}

void dropout_mask(float* mask, const RowsShape& shape, const Dropout& dropout) {
  float piece[kMaskColumns];
  for (int64_t row = 0; row < shape.rows; row++) {
    for (int64_t first = 0; first < shape.columns; first += kMaskColumns) {
      const int64_t last = std::min(first + kMaskColumns, shape.columns);
      dropout_row_mask(dropout, row, shape.columns, first, last, piece);
      std::memcpy(mask + row * shape.columns + first, piece, (last - first) * sizeof(float));
    }
  }
}

}  // namespace onednn_backend
