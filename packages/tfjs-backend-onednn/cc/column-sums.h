#pragma once

#include <cstdint>
#include <cstring>

#include "inline.h"
#include "parallel.h"

namespace onednn_backend {

// Sums over rows are split into a fixed number of parts, which are added in order. The result does not depend on the
// number of threads.
constexpr int64_t kRowParts = 16;

inline int64_t part_begin(int64_t rows, int64_t part) { return rows * part / kRowParts; }

// sums[column] (+)= Σ_part partials[part, column];  partials [kRowParts, columns]
INLINE void add_row_parts(const float* partials, int64_t columns, float* sums, bool accumulate = false) {
  if (!accumulate) std::memset(sums, 0, columns * sizeof(float));
  for (int64_t part = 0; part < kRowParts; part++) {
    const float* partial = partials + part * columns;
    for (int64_t column = 0; column < columns; column++) sums[column] += partial[column];
  }
}

// Calls accumulate(part, begin, end), which adds rows [begin, end) to the partial sums of `part`.
template <class Accumulate>
void parallel_row_parts(int64_t rows, const Accumulate& accumulate) {
  parallel_ranges(kRowParts, 1, [&](int64_t first, int64_t last) {
    for (int64_t part = first; part < last; part++) {
      accumulate(part, part_begin(rows, part), part_begin(rows, part + 1));
    }
  });
}

}  // namespace onednn_backend
