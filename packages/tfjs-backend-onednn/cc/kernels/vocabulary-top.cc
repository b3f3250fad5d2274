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

// log Σ exp(z − top); the largest one's own 1 is added last, as in log_softmax, so that a sure class keeps its digits.
INLINE float log_sum(const float* logits, int64_t count, float top) {
  int64_t index = 0;
  while (index < count - 1 && logits[index] != top) index++;
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
  // In place and for all classes, so that what rounds to one log p is one value to the choice.
  if (penalties == nullptr) {
    for (int64_t i = 0; i < classes; i++) logits[i] = (logits[i] - top) - log_total;
  } else {
    for (int64_t i = 0; i < classes; i++) logits[i] = ((logits[i] - top) - log_total) + penalties[i];
  }
  Best best{table, table + width};
  for (; best.filled < width; best.filled++) best.insert(logits[best.filled], best.filled);
  best.filled = width - 1;  // from now on the last one gives way
  for (int64_t first = width; first < classes; first += kScanBlock) {
    const int64_t last = std::min(first + kScanBlock, classes);
    if (!any_above(logits + first, last - first, table[width - 1])) continue;
    for (int64_t i = first; i < last; i++) {
      if (!(logits[i] <= table[width - 1])) best.insert(logits[i], i);
    }
  }
}

}  // namespace onednn_backend
