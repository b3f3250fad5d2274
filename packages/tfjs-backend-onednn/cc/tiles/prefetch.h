#pragma once

// Prefetches memory. Part of product-loops.h.
#if defined(__AVX512F__)
#include <algorithm>

#include "products.h"
#include "staging.h"

namespace onednn_backend {

namespace {

// Prefetches memory in portions, one per unit of other work, so that it arrives in time.
class Prefetch {
 public:
  Prefetch() = default;
  Prefetch(const float* begin, int64_t values, int64_t portions)
      : next_(reinterpret_cast<const char*>(begin)),
        end_(next_ + values * static_cast<int64_t>(sizeof(float))),
        portion_(ceil_divide(ceil_divide(end_ - next_, kLine), portions) * kLine) {}

  INLINE void portion() {
    for (const char* last = std::min(end_, next_ + portion_); next_ < last; next_ += kLine) {
      _mm_prefetch(next_, _MM_HINT_T0);
    }
  }

 private:
  static constexpr int64_t kLine = 64;
  const char *next_ = nullptr, *end_ = nullptr;
  int64_t portion_ = 0;
};

// Prefetches rows of activations and of their masks.
struct RowPrefetch {
  Prefetch values, masks;

  RowPrefetch(const TileRows& x, int64_t begin, int64_t end, int64_t portions)
      : values(x.values + begin * x.columns, (end - begin) * x.columns, portions) {
    if (x.relu_output == nullptr) return;
    masks = Prefetch(x.relu_output + begin * x.columns, (end - begin) * x.columns, portions);
  }

  INLINE void portion() {
    values.portion();
    masks.portion();
  }
};

// The same for columns [first, last) of rows, some rows at a time.
class ColumnPrefetch {
 public:
  ColumnPrefetch(const TileRows& x, int64_t begin, int64_t end, int64_t first, int64_t last, int64_t portions)
      : x_(x), row_(begin), end_(end), first_(first), last_(last), rows_(ceil_divide(end - begin, portions)) {}

  INLINE void portion() {
    for (const int64_t last = std::min(end_, row_ + rows_); row_ < last; row_++) {
      const int64_t offset = row_ * x_.columns + first_;
      Prefetch(x_.values + offset, last_ - first_, 1).portion();
      if (x_.relu_output != nullptr) Prefetch(x_.relu_output + offset, last_ - first_, 1).portion();
    }
  }

 private:
  const TileRows& x_;
  int64_t row_, end_, first_, last_, rows_;
};

}  // namespace

}  // namespace onednn_backend
#endif
