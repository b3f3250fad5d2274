#include "vocabulary-top.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../inline.h"
#include "row-operations.h"

namespace onednn_backend {

namespace {

// The first index of the row's maximum, found by the maxima of its blocks.
INLINE int64_t index_of(const float* logits, const float* maxima, int64_t classes, float top) {
  const int64_t first = first_index_of(maxima, maxima_of_row(classes), top) * kScanBlock;
  return first + first_index_of(logits + first, std::min(kScanBlock, classes - first), top);
}

// Keeps the `width` best of the values that are offered.
struct Best {
  float* values;
  float* classes;
  int64_t width;
  int64_t filled = 0;

  // Earlier values come first among equals.
  void offer(float value, int64_t index) {
    if (filled == width && value <= values[width - 1]) return;
    int64_t place = filled < width ? filled++ : width - 1;
    while (place > 0 && !(value <= values[place - 1])) {
      values[place] = values[place - 1];
      classes[place] = classes[place - 1];
      place--;
    }
    values[place] = value;
    classes[place] = static_cast<float>(index);
  }
};

INLINE void find_maxima(const float* values, int64_t classes, float* maxima) {
  for (int64_t first = 0; first < classes; first += kScanBlock) {
    maxima[first / kScanBlock] = row_maximum(values + first, std::min(kScanBlock, classes - first));
  }
}

// A lower bound of the `width` best values: the maxima of that many blocks reach it. −∞ if there are too few blocks.
INLINE float reached_by(Best best, const float* maxima, int64_t blocks) {
  for (int64_t block = 0; block < blocks; block++) best.offer(maxima[block], block);
  return best.filled < best.width ? -std::numeric_limits<float>::infinity() : best.values[best.width - 1];
}

}  // namespace

void top_of_row(float* logits, float* maxima, float* table, const TopChoice& choice) {
  const auto& [classes, width, penalties, temperature, quick] = choice;
  const int64_t blocks = maxima_of_row(classes);
  if (temperature != 1) {
    for (int64_t i = 0; i < classes; i++) logits[i] /= temperature;
  }
  find_maxima(logits, classes, maxima);
  const float top = row_maximum(maxima, blocks);
  const float log_total = quick ? quick_log_sum(logits, classes, top)
                                : log_sum_around(logits, classes, top, index_of(logits, maxima, classes, top));
  const auto score = [&](int64_t i) { return (logits[i] - top) - log_total; };
  if (penalties != nullptr) {
    for (int64_t i = 0; i < classes; i++) logits[i] = score(i) + penalties[i];
    find_maxima(logits, classes, maxima);
  }
  const Best none{table, table + width, width};
  float bound = reached_by(none, maxima, blocks);
  // The score never decreases as a logit increases, but logits this close may have equal scores.
  if (penalties == nullptr) bound -= 1e-6f * (top - bound + std::fabs(log_total));
  Best best = none;
  for (int64_t block = 0; block < blocks; block++) {
    if (maxima[block] < bound) continue;  // maxima ignore NaN, but NaN makes log_total and therefore the bound NaN
    const int64_t first = block * kScanBlock, last = std::min(first + kScanBlock, classes);
    for (int64_t i = first; i < last; i++) {
      if (!(logits[i] < bound)) best.offer(penalties == nullptr ? score(i) : logits[i], i);
    }
  }
}

}  // namespace onednn_backend
