#include "linear.h"

#include <vector>

#include "../column-sums.h"
#include "../matmul.h"
#include "../storage.h"

namespace onednn_backend {

void add_bias_rows(float* y, const float* bias, int64_t begin, int64_t end, int64_t columns, bool relu) {
  for (int64_t row = begin; row < end; row++) {
    float* values = y + row * columns;
    if (relu) {
      for (int64_t column = 0; column < columns; column++) {
        const float value = values[column] + bias[column];
        values[column] = value < 0 ? 0 : value;  // NaN stays, as in tf.relu
      }
    } else {
      for (int64_t column = 0; column < columns; column++) values[column] += bias[column];
    }
  }
}

// dz = dy ∘ [y > 0] (unless y is null; where y is NaN, dy stays), sums += Σ_rows dz
void relu_grad_rows(const float* y, const float* dy, float* dz, float* sums, int64_t begin, int64_t end,
                                 int64_t columns) {
  for (int64_t column = 0; column < columns; column++) sums[column] = 0;
  for (int64_t row = begin; row < end; row++) {
    const float* gradient = dy + row * columns;
    if (y == nullptr) {
      for (int64_t column = 0; column < columns; column++) sums[column] += gradient[column];
      continue;
    }
    const float* output = y + row * columns;
    float* masked = dz + row * columns;
    for (int64_t column = 0; column < columns; column++) {
      masked[column] = output[column] <= 0 ? 0 : gradient[column];
      sums[column] += masked[column];
    }
  }
}

void add_bias(float* y, const float* bias, int64_t rows, int64_t columns, bool relu) {
  parallel_ranges(rows, 1 + 8192 / (1 + columns), [&](int64_t begin, int64_t end) {
    add_bias_rows(y, bias, begin, end, columns, relu);
  });
}

void linear(const float* x, const float* weight, const float* bias, float* y, const LinearShape& shape) {
  static Buffer converted, packed;
  const Activations input(x, shape.rows, shape.in, converted);
  Weights weights(weight, shape.in, shape.out, true, packed);
  multiply(input, weights, {bias, shape.relu}, y);
}

void linear_grad(const float* x, const float* weight, const float* y, const float* dy, float* dx, float* d_weight,
                 float* d_bias, const LinearShape& shape, bool accumulate_weight, bool accumulate_bias) {
  static Buffer converted_x, converted_dz, packed;
  const auto [rows, in, out, relu] = shape;
  std::vector<float> partials(kRowParts * out);
  float* masked = relu ? thread_scratch(rows * out) : nullptr;
  parallel_row_parts(rows, [&, out = out, relu = relu](int64_t part, int64_t begin, int64_t end) {
    relu_grad_rows(relu ? y : nullptr, dy, masked, partials.data() + part * out, begin, end, out);
  });
  add_row_parts(partials.data(), out, d_bias, accumulate_bias);
  const Activations dz(relu ? masked : dy, rows, out, converted_dz);
  Weights weights(weight, out, in, false, packed);
  multiply(dz, weights, {nullptr, false}, dx);
  multiply_transposed(dz, Activations(x, rows, in, converted_x), d_weight, accumulate_weight);
}

}  // namespace onednn_backend
