#include "vocabulary-top.h"

#include <algorithm>

#include "../inline.h"
#include "row-operations.h"

namespace onednn_backend {

namespace {

INLINE bool any_above(const float* x, int64_t count, float bound) {
  int32_t found = 0;
#pragma omp simd reduction(| : found)
  for (int64_t i = 0; i < count; i++) found |= !(x[i] <= bound);
  return found != 0;
}

// first_index_of the row's maximum, by the maxima of its blocks.
INLINE int64_t index_of(const float* logits, const float* maxima, int64_t classes, float top) {
  const int64_t first = first_index_of(maxima, maxima_of_row(classes), top) * kScanBlock;
  return first + first_index_of(logits + first, std::min(kScanBlock, classes - first), top);
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

void top_of_row(float* logits, float* maxima, float* table, const TopChoice& choice) {
  const auto& [classes, width, penalties, temperature, quick] = choice;
  if (temperature != 1) {
    for (int64_t i = 0; i < classes; i++) logits[i] /= temperature;
  }
  const auto end_of = [&](int64_t first) { return std::min(first + kScanBlock, choice.classes); };
  for (int64_t first = 0; first < classes; first += kScanBlock) {
    maxima[first / kScanBlock] = row_maximum(logits + first, end_of(first) - first);
  }
  const float top = row_maximum(maxima, maxima_of_row(classes));
  const float log_total =
      quick ? quick_log_sum(logits, classes, top) : log_sum_around(logits, classes, top, index_of(logits, maxima, classes, top));
  // The score never falls as a logit rises: a logit that is not above the last one kept cannot be better.
  const auto score = [&](int64_t i) { return (logits[i] - top) - log_total; };
  if (penalties != nullptr) {
    for (int64_t i = 0; i < classes; i++) logits[i] = score(i) + penalties[i];
  }
  const auto value_of = [&](int64_t i) { return choice.penalties == nullptr ? score(i) : logits[i]; };
  Best best{table, table + width};
  for (; best.filled < width; best.filled++) best.insert(value_of(best.filled), best.filled);
  best.filled = width - 1;  // from now on the last one gives way
  const bool maxima_hold = penalties == nullptr && log_total == log_total;  // not of NaN, which maxima pass over
  for (int64_t block = width / kScanBlock * kScanBlock; block < classes; block += kScanBlock) {
    const int64_t first = std::max(block, width), last = end_of(block);
    const float bound = logits[static_cast<int64_t>(best.classes[width - 1])];
    if (maxima_hold ? maxima[block / kScanBlock] <= bound : !any_above(logits + first, last - first, bound)) continue;
    for (int64_t i = first; i < last; i++) {
      const float value = value_of(i);
      if (!(value <= best.values[width - 1])) best.insert(value, i);
    }
  }
}

}  // namespace onednn_backend
