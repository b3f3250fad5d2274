#include "linear.h"

#include "../matmul.h"
#include "../parallel.h"
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

void add_bias(float* y, const float* bias, int64_t rows, int64_t columns, bool relu) {
  parallel_ranges(rows, 1 + 8192 / (1 + columns),
                  [&](int64_t begin, int64_t end) { add_bias_rows(y, bias, begin, end, columns, relu); });
}

void linear(const float* x, const float* weight, const float* bias, float* y, const LinearShape& shape) {
  static thread_local Buffer copies;
  static thread_local PackedMemory packed;
  const Activations input(x, nullptr, shape.rows, shape.in, copies);
  Weights weights(weight, shape.in, shape.out, true, packed);
  multiply(input, weights, {bias, shape.relu}, y);
}

void linear_grad(const float* x, const float* weight, const float* y, const float* dy, float* dx, float* d_weight,
                 float* d_bias, const LinearShape& shape, bool accumulate_weight, bool accumulate_bias) {
  static thread_local Buffer copies_of_x, copies_of_dz;
  static thread_local PackedMemory packed;
  const auto [rows, in, out, relu] = shape;
  const Activations dz(dy, relu ? y : nullptr, rows, out, copies_of_dz), input(x, nullptr, rows, in, copies_of_x);
  Weights weights(weight, out, in, false, packed);
  multiply(dz, weights, {nullptr, false}, dx);
  multiply_transposed(dz, input, d_weight, accumulate_weight, {d_bias, accumulate_bias});
}

}  // namespace onednn_backend
