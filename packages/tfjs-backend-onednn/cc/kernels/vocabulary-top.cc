#include "vocabulary-top.h"

#include <algorithm>
#include <cmath>

#include "../inline.h"
#include "../vector-math.h"

namespace onednn_backend {

namespace {

constexpr int64_t kScanBlock = 64;

INLINE float maximum(const float* x, int64_t count) {
  float top = x[0];
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

// Where the value first stands; the last index where it does not (NaN).
INLINE int64_t index_of(const float* x, int64_t count, float value) {
  int64_t index = 0;
  while (index + kScanBlock < count && !any_equal(x + index, kScanBlock, value)) index += kScanBlock;
  while (index < count - 1 && x[index] != value) index++;
  return index;
}

// log Σ exp(z − top); the largest one's own 1 is added last, as in log_softmax, so that a sure class keeps its digits.
INLINE float log_sum(const float* logits, int64_t count, float top) {
  const int64_t index = index_of(logits, count, top);
  float before = 0, after = 0;
#pragma omp simd reduction(+ : before)
  for (int64_t i = 0; i < index; i++) before += vector_exp(logits[i] - top);
#pragma omp simd reduction(+ : after)
  for (int64_t i = index + 1; i < count; i++) after += vector_exp(logits[i] - top);
  return std::log1p(before + after);
}

INLINE bool any_above(const float* x, int64_t count, float bound) {
  int32_t found = 0;
#pragma omp simd reduction(| : found)
  for (int64_t i = 0; i < count; i++) found |= !(x[i] <= bound);
  return found != 0;
}

struct Best {
  float* values;
  float* classes;
  int64_t filled = 0;

  // Equal values that came earlier stay in front.
  void insert(float value, int64_t index) {
    int64_t place = filled;
    while (place > 0 && !(value <= values[place - 1])) {
      values[place] = values[place - 1];
      classes[place] = classes[place - 1];
      place--;
    }
    values[place] = value;
    classes[place] = static_cast<float>(index);
  }
};

}  // namespace

void top_of_row(float* logits, const float* penalties, float temperature, float* table, int64_t classes, int64_t width) {
  if (temperature != 1) {
    for (int64_t i = 0; i < classes; i++) logits[i] /= temperature;
  }
  const float top = maximum(logits, classes), log_total = log_sum(logits, classes, top);
  // The score never falls as a logit rises: a logit that is not above the last one kept cannot be better.
  const auto score = [&](int64_t i) { return (logits[i] - top) - log_total; };
  if (penalties != nullptr) {
    for (int64_t i = 0; i < classes; i++) logits[i] = score(i) + penalties[i];
  }
  const auto value_of = [&](int64_t i) { return penalties == nullptr ? score(i) : logits[i]; };
  Best best{table, table + width};
  for (; best.filled < width; best.filled++) best.insert(value_of(best.filled), best.filled);
  best.filled = width - 1;  // from now on the last one gives way
  for (int64_t first = width; first < classes; first += kScanBlock) {
    const int64_t last = std::min(first + kScanBlock, classes);
    const float bound = logits[static_cast<int64_t>(best.classes[width - 1])];
    if (!any_above(logits + first, last - first, bound)) continue;
    for (int64_t i = first; i < last; i++) {
      const float value = value_of(i);
      if (!(value <= best.values[width - 1])) best.insert(value, i);
    }
  }
}

}  // namespace onednn_backend
