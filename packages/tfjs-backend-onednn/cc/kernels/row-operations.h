#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "../bfloat16.h"
#include "../inline.h"
#include "../rounding.h"
#include "../vector-math.h"

// Operations on one row, shared by kernels.
namespace onednn_backend {

constexpr float kLayerNormEpsilon = 1e-5f;  // of PyTorch's LayerNorm

INLINE float sum_of(const float* values, int64_t count) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < count; i++) sum += values[i];
  return sum;
}

// The mean of a row, and 1 / √(variance + ε).
struct RowMoments {
  float mean, rstd;
};

// y = (x − mean) · rstd · gain + bias; y may be x.
INLINE RowMoments normalize_row(const float* x, const float* gain, const float* bias, float* y, int64_t columns,
                                float epsilon = kLayerNormEpsilon) {
  float squares = 0;
  const float center = sum_of(x, columns) / columns;
#pragma omp simd reduction(+ : squares)
  for (int64_t i = 0; i < columns; i++) squares += (x[i] - center) * (x[i] - center);
  const float scale = 1.0f / std::sqrt(squares / columns + epsilon);
  for (int64_t i = 0; i < columns; i++) y[i] = (x[i] - center) * scale * gain[i] + bias[i];
  return {center, scale};
}

// y = scale · word + place
INLINE void embed_row(const float* word, const float* place, float scale, float* y, int64_t embed) {
  for (int64_t i = 0; i < embed; i++) y[i] = scale * word[i] + place[i];
}

template <class Stored>
INLINE float dot(const float* a, const Stored* b, int64_t count) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < count; i++) sum += a[i] * to_float(b[i]);
  return sum;
}

// Prefetches memory that is needed soon.
template <class Stored>
INLINE void fetch_ahead(const Stored* values, int64_t count) {
  constexpr int64_t kLine = 64 / sizeof(Stored);
  for (int64_t i = 0; i < count; i += kLine) __builtin_prefetch(values + i);
}

// The maximum; −∞ if there are no elements.
INLINE float row_maximum(const float* x, int64_t count) {
  float top = -std::numeric_limits<float>::infinity();
#pragma omp simd reduction(max : top)
  for (int64_t i = 0; i < count; i++) top = x[i] > top ? x[i] : top;
  return top;
}

INLINE bool any_equal(const float* x, int64_t count, float value) {
  int32_t found = 0;
#pragma omp simd reduction(| : found)
  for (int64_t i = 0; i < count; i++) found |= x[i] == value;
  return found != 0;
}

// The first index of the value; the last index if it does not occur (NaN).
INLINE int64_t first_index_of(const float* x, int64_t count, float value) {
  constexpr int64_t kBlock = 64;
  int64_t index = 0;
  while (index + kBlock < count && !any_equal(x + index, kBlock, value)) index += kBlock;
  while (index < count - 1 && x[index] != value) index++;
  return index;
}

// y = softmax(x); y may be x.
INLINE void softmax_row(const float* x, float* y, int64_t count) {
  const float top = row_maximum(x, count);
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < count; i++) {
    y[i] = vector_exp(x[i] - top);
    sum += y[i];
  }
  const float inverse = 1.0f / sum;
  for (int64_t i = 0; i < count; i++) y[i] *= inverse;
}

constexpr int64_t kLanes = 16;  // the largest number of floats per vector

inline int64_t whole_lanes(int64_t count) { return round_up(count, kLanes); }

// x ← softmax(x) of a short row that has room for whole_lanes(count) elements, so that the loops have no remainder.
// Fills the rest with zeros.
INLINE void softmax_short_row(float* x, int64_t count) {
  const int64_t room = whole_lanes(count);
  for (int64_t i = count; i < room; i++) x[i] = -std::numeric_limits<float>::infinity();
  const float top = row_maximum(x, room);
  for (int64_t i = 0; i < room; i++) x[i] = vector_exp(x[i] - top);
  const float inverse = 1.0f / sum_of(x, count);
  for (int64_t i = 0; i < room; i++) x[i] *= inverse;
}

// log Σ exp(x − top), where `top` is the maximum, which first occurs at `index`. Its own term, 1, is added last, so
// that the result for a nearly certain class keeps its digits.
INLINE float log_sum_around(const float* x, int64_t count, float top, int64_t index) {
  float before = 0, after = 0;
#pragma omp simd reduction(+ : before)
  for (int64_t i = 0; i < index; i++) before += vector_exp(x[i] - top);
#pragma omp simd reduction(+ : after)
  for (int64_t i = index + 1; i < count; i++) after += vector_exp(x[i] - top);
  return std::log1p(before + after);
}

INLINE float log_sum_below(const float* x, int64_t count, float top) {
  return log_sum_around(x, count, top, first_index_of(x, count, top));
}

// The same in one pass, within 6e-6.
INLINE float quick_log_sum(const float* x, int64_t count, float top) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < count; i++) sum += quick_exp(x[i] - top);
  return std::log(sum);
}

}  // namespace onednn_backend
