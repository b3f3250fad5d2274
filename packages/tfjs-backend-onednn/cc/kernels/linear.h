#pragma once

#include <cstdint>

namespace onednn_backend {

struct LinearShape {
  int64_t rows, in, out;
  bool relu;
};

// y ← activation(y + bias);  y [rows, columns], bias [columns]
void add_bias(float* y, const float* bias, int64_t rows, int64_t columns, bool relu);

// y = activation(x · weightᵀ + bias);  x [rows, in], weight [out, in], bias [out], y [rows, out]
void linear(const float* x, const float* weight, const float* bias, float* y, const LinearShape& shape);

// dx = dz · weight, dWeight (+)= dzᵀ · x, dBias (+)= Σ_rows dz;  dz = dy where y > 0 under ReLU, else dy
void linear_grad(const float* x, const float* weight, const float* y, const float* dy, float* dx, float* d_weight,
                 float* d_bias, const LinearShape& shape, bool accumulate_weight, bool accumulate_bias);

}  // namespace onednn_backend
