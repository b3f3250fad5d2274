#include "softmax.h"

#include <cmath>
#include <limits>

#include "../inline.h"
#include "../parallel.h"
#include "../vector-math.h"

namespace onednn_backend {

INLINE float maximum(const float* x, int64_t columns) {
  float top = -std::numeric_limits<float>::infinity();
#pragma omp simd reduction(max : top)
  for (int64_t i = 0; i < columns; i++) top = x[i] > top ? x[i] : top;
  return top;
}

void softmax_rows(const float* x, float* y, int64_t begin, int64_t end, int64_t columns) {
  for (int64_t row = begin; row < end; row++) {
    const float* scores = x + row * columns;
    float* weights = y + row * columns;
    const float top = maximum(scores, columns);
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < columns; i++) {
      weights[i] = vector_exp(scores[i] - top);
      sum += weights[i];
    }
    const float inverse = 1.0f / sum;
    for (int64_t i = 0; i < columns; i++) weights[i] *= inverse;
  }
}

void log_softmax_rows(const float* x, float* y, int64_t begin, int64_t end, int64_t columns) {
  for (int64_t row = begin; row < end; row++) {
    const float* scores = x + row * columns;
    float* output = y + row * columns;
    const float top = maximum(scores, columns);
    int64_t index = 0;
    while (index < columns - 1 && scores[index] != top) index++;
    float before = 0, after = 0;
#pragma omp simd reduction(+ : before)
    for (int64_t i = 0; i < index; i++) before += vector_exp(scores[i] - top);
#pragma omp simd reduction(+ : after)
    for (int64_t i = index + 1; i < columns; i++) after += vector_exp(scores[i] - top);
    const float log_sum = std::log1p(before + after);
    for (int64_t i = 0; i < columns; i++) output[i] = (scores[i] - top) - log_sum;
  }
}

void softmax(const float* x, float* y, const RowsShape& shape) {
  parallel_ranges(shape.rows, 1 + 2048 / (1 + shape.columns), [&](int64_t begin, int64_t end) {
    softmax_rows(x, y, begin, end, shape.columns);
  });
}

void log_softmax(const float* x, float* y, const RowsShape& shape) {
  parallel_ranges(shape.rows, 1 + 2048 / (1 + shape.columns), [&](int64_t begin, int64_t end) {
    log_softmax_rows(x, y, begin, end, shape.columns);
  });
}

}  // namespace onednn_backend
