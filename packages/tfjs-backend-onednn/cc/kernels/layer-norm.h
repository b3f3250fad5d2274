#pragma once

#include <cstdint>

#include "../philox.h"

namespace onednn_backend {

struct LayerNormShape {
  int64_t rows, columns;
  float epsilon;
};

// s = residual + x ∘ mask, or x without a residual. y = gain ∘ (s − mean) · rstd + bias, rstd = 1 / √(variance + ε).
// Also writes s to `sums` unless that is null; `sums` may be x. mean, rstd [rows]
void layer_norm(const float* x, const float* residual, const float* gain, const float* bias, float* sums, float* y,
                float* mean, float* rstd, const LayerNormShape& shape, const Dropout& dropout);

// x may be the `sums` of the forward pass; residual is then null. d_residual is null if the forward pass had no
// residual. With n = (s − mean) · rstd and g = dy ∘ gain:
//   ds = rstd · (g − mean_columns(g) − n · mean_columns(g ∘ n)), dx = ds ∘ mask, dResidual = ds,
//   dGain (+)= Σ_rows dy ∘ n, dBias (+)= Σ_rows dy
void layer_norm_grad(const float* x, const float* residual, const float* gain, const float* mean, const float* rstd,
                     const float* dy, float* dx, float* d_residual, float* d_gain, float* d_bias,
                     const LayerNormShape& shape, bool accumulate_gain, bool accumulate_bias, const Dropout& dropout);

}  // namespace onednn_backend
