#include "layer-norm.h"

#include <vector>

#include "../column-sums.h"
#include "../inline.h"
#include "../rounding.h"
#include "../storage.h"
#include "row-operations.h"

namespace onednn_backend {

namespace {

// The length of a row of scratch memory (the dropout mask or the sum) in whole Philox batches.
int64_t padded(int64_t columns) { return round_up(columns, kPhiloxElements); }

}  // namespace

// s = residual + x ∘ mask. Returns x itself if there is no residual.
INLINE const float* sum_row(const float* x, const float* residual, const float* mask, float* sum, int64_t columns) {
  if (residual == nullptr) return x;
  if (mask == nullptr) {
    for (int64_t i = 0; i < columns; i++) sum[i] = residual[i] + x[i];
  } else {
    for (int64_t i = 0; i < columns; i++) sum[i] = residual[i] + x[i] * mask[i];
  }
  return sum;
}

// sums [rows, columns]: the normalised input, or null; may be x.
void layer_norm_rows(const float* x, const float* residual, const float* gain, const float* bias, float* sums, float* y,
                     float* mean, float* rstd, int64_t begin, int64_t end, int64_t columns, float epsilon,
                     const Dropout& dropout, float* mask, float* sum) {
  for (int64_t row = begin; row < end; row++) {
    const int64_t offset = row * columns;
    if (mask != nullptr) dropout_row_mask(dropout, row, columns, 0, columns, mask);
    const float* s = sum_row(x + offset, residual == nullptr ? nullptr : residual + offset, mask,
                             sums == nullptr ? sum : sums + offset, columns);
    const RowMoments moments = normalize_row(s, gain, bias, y + offset, columns, epsilon);
    mean[row] = moments.mean;
    rstd[row] = moments.rstd;
  }
}

void layer_norm_grad_rows(const float* x, const float* residual, const float* gain, const float* mean,
                          const float* rstd, const float* dy, float* dx, float* d_residual, float* d_gain,
                          float* d_bias, int64_t begin, int64_t end, int64_t columns, const Dropout& dropout,
                          float* mask, float* sum) {
  for (int64_t i = 0; i < columns; i++) d_gain[i] = d_bias[i] = 0;
  for (int64_t row = begin; row < end; row++) {
    const int64_t offset = row * columns;
    if (mask != nullptr) dropout_row_mask(dropout, row, columns, 0, columns, mask);
    const float* s = sum_row(x + offset, residual == nullptr ? nullptr : residual + offset, mask, sum, columns);
    const float* gradient = dy + offset;
    const float center = mean[row], scale = rstd[row];
    float g_sum = 0, gn_sum = 0;
#pragma omp simd reduction(+ : g_sum, gn_sum)
    for (int64_t i = 0; i < columns; i++) {
      const float n = (s[i] - center) * scale, g = gradient[i] * gain[i];
      d_gain[i] += gradient[i] * n;
      d_bias[i] += gradient[i];
      g_sum += g;
      gn_sum += g * n;
    }
    const float g_mean = g_sum / columns, gn_mean = gn_sum / columns;
    float* ds = (d_residual == nullptr ? dx : d_residual) + offset;
    for (int64_t i = 0; i < columns; i++) {
      const float n = (s[i] - center) * scale;
      ds[i] = scale * (gradient[i] * gain[i] - g_mean - n * gn_mean);
    }
    if (d_residual == nullptr) continue;
    float* dx_row = dx + offset;
    if (mask == nullptr) {
      for (int64_t i = 0; i < columns; i++) dx_row[i] = ds[i];
    } else {
      for (int64_t i = 0; i < columns; i++) dx_row[i] = ds[i] * mask[i];
    }
  }
}

void layer_norm(const float* x, const float* residual, const float* gain, const float* bias, float* sums, float* y,
                float* mean, float* rstd, const LayerNormShape& shape, const Dropout& dropout) {
  parallel_ranges(shape.rows, 16, [&](int64_t begin, int64_t end) {
    float* scratch = thread_scratch(2 * padded(shape.columns));
    float* mask = residual != nullptr && dropout.active() ? scratch : nullptr;
    layer_norm_rows(x, residual, gain, bias, sums, y, mean, rstd, begin, end, shape.columns, shape.epsilon, dropout,
                    mask, scratch + padded(shape.columns));
  });
}

void layer_norm_grad(const float* x, const float* residual, const float* gain, const float* mean, const float* rstd,
                     const float* dy, float* dx, float* d_residual, float* d_gain, float* d_bias,
                     const LayerNormShape& shape, bool accumulate_gain, bool accumulate_bias, const Dropout& dropout) {
  const int64_t columns = shape.columns;
  std::vector<float> partials(2 * kRowParts * columns);
  float* gain_partials = partials.data();
  float* bias_partials = gain_partials + kRowParts * columns;
  parallel_row_parts(shape.rows, [&](int64_t part, int64_t begin, int64_t end) {
    float* scratch = thread_scratch(2 * padded(columns));
    float* mask = d_residual != nullptr && dropout.active() ? scratch : nullptr;
    layer_norm_grad_rows(x, residual, gain, mean, rstd, dy, dx, d_residual, gain_partials + part * columns,
                         bias_partials + part * columns, begin, end, columns, dropout, mask, scratch + padded(columns));
  });
  add_row_parts(gain_partials, columns, d_gain, accumulate_gain);
  add_row_parts(bias_partials, columns, d_bias, accumulate_bias);
}

}  // namespace onednn_backend
