#pragma once

#include "dropout.h"

namespace onednn_backend {

// sums[row] = Σ_column x[row, column], in float64
void row_sums(const float* x, float* sums, const RowsShape& shape);

// sums[column] = Σ_row x[row, column]; parts of the rows are added in a fixed order
void column_sums(const float* x, float* sums, const RowsShape& shape);

}  // namespace onednn_backend
