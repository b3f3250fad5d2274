#include "top-k.h"

#include <algorithm>
#include <limits>

#include "../check-range.h"
#include "../inline.h"
#include "../parallel.h"

namespace onednn_backend {

constexpr int64_t kScanBlock = 64;

// Orders NaN above every number, as PyTorch does, so that NaN is always visible.
INLINE bool above(float x, float bound) { return !(x <= bound) && bound == bound; }

INLINE bool any_above(const float* x, int64_t count, float bound) {
  int32_t found = 0;
#pragma omp simd reduction(| : found)
  for (int64_t i = 0; i < count; i++) found |= !(x[i] <= bound);
  return found != 0 && bound == bound;
}

// Inserts x into the sorted best. Earlier elements come first among equals.
INLINE void insert(float x, int32_t index, float* values, int32_t* indices, int64_t filled) {
  int64_t place = filled;
  while (place > 0 && above(x, values[place - 1])) {
    values[place] = values[place - 1];
    indices[place] = indices[place - 1];
    place--;
  }
  values[place] = x;
  indices[place] = index;
}

void top_k_rows(const float* x, float* values, int32_t* indices, int64_t begin, int64_t end, int64_t columns,
                int64_t k) {
  for (int64_t row = begin; row < end; row++) {
    const float* scores = x + row * columns;
    float* best = values + row * k;
    int32_t* best_indices = indices + row * k;
    for (int64_t i = 0; i < k; i++) insert(scores[i], static_cast<int32_t>(i), best, best_indices, i);
    for (int64_t first = k; first < columns; first += kScanBlock) {
      const int64_t last = std::min(first + kScanBlock, columns);
      if (!any_above(scores + first, last - first, best[k - 1])) continue;
      for (int64_t i = first; i < last; i++) {
        if (above(scores[i], best[k - 1])) insert(scores[i], static_cast<int32_t>(i), best, best_indices, k - 1);
      }
    }
  }
}

void top_k(const float* x, float* values, int32_t* indices, const RowsShape& shape, int64_t k) {
  check_between("k", k, 0, shape.columns);
  if (k == 0) return;
  parallel_ranges(shape.rows, 1 + 8192 / (1 + shape.columns),
                  [&](int64_t begin, int64_t end) { top_k_rows(x, values, indices, begin, end, shape.columns, k); });
}

}  // namespace onednn_backend
