#pragma once

#include <cmath>
#include <cstdint>

#include "../bfloat16.h"
#include "../inline.h"
#include "../vector-math.h"

// What translating does to one row at a time.
namespace onednn_backend {

constexpr float kLayerNormEpsilon = 1e-5f;

// y = (x − mean) / √(variance + ε) · gain + bias; y may be x.
INLINE void normalize_row(const float* x, const float* gain, const float* bias, float* y, int64_t columns) {
  float total = 0, squares = 0;
#pragma omp simd reduction(+ : total)
  for (int64_t i = 0; i < columns; i++) total += x[i];
  const float center = total / columns;
#pragma omp simd reduction(+ : squares)
  for (int64_t i = 0; i < columns; i++) squares += (x[i] - center) * (x[i] - center);
  const float scale = 1.0f / std::sqrt(squares / columns + kLayerNormEpsilon);
  for (int64_t i = 0; i < columns; i++) y[i] = (x[i] - center) * scale * gain[i] + bias[i];
}

template <class Stored>
INLINE float dot(const float* a, const Stored* b, int64_t count) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < count; i++) sum += a[i] * to_float(b[i]);
  return sum;
}

// Brings memory near that is needed soon.
template <class Stored>
INLINE void fetch_ahead(const Stored* values, int64_t count) {
  constexpr int64_t kLine = 64 / sizeof(Stored);
  for (int64_t i = 0; i < count; i += kLine) __builtin_prefetch(values + i);
}

// scores ← softmax(scores)
INLINE void softmax_scores(float* scores, int64_t count) {
  float top = scores[0], sum = 0;
#pragma omp simd reduction(max : top)
  for (int64_t i = 0; i < count; i++) top = scores[i] > top ? scores[i] : top;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < count; i++) {
    scores[i] = vector_exp(scores[i] - top);
    sum += scores[i];
  }
  const float inverse = 1.0f / sum;
  for (int64_t i = 0; i < count; i++) scores[i] *= inverse;
}

}  // namespace onednn_backend
