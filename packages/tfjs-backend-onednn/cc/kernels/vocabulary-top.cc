#include "vocabulary-top.h"

#include <algorithm>

#include "../inline.h"
#include "row-operations.h"

namespace onednn_backend {

namespace {

constexpr int64_t kScanBlock = 64;

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
  const float top = row_maximum(logits, classes), log_total = log_sum_below(logits, classes, top);
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
