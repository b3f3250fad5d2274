#include "embedding.h"

#include <algorithm>
#include <cstring>

#include "../check-range.h"
#include "../parallel.h"
#include "../rounding.h"
#include "row-operations.h"

namespace onednn_backend {

void embedding_rows(const int32_t* ids, const float* weight, const int32_t* positions, const float* position_table,
                    float* y, int64_t begin, int64_t end, int64_t embed, float scale) {
  for (int64_t token = begin; token < end; token++) {
    embed_row(weight + ids[token] * embed, position_table + positions[token] * embed, scale, y + token * embed, embed);
  }
}

void scatter_add_columns(const int32_t* ids, const float* dy, float* table, int64_t tokens, int64_t embed,
                         int64_t begin, int64_t end, float scale, int64_t skip) {
  for (int64_t token = 0; token < tokens; token++) {
    if (ids[token] == skip || ids[token] < 0) continue;
    const float* gradient = dy + token * embed;
    float* row = table + ids[token] * embed;
    for (int64_t i = begin; i < end; i++) row[i] += scale * gradient[i];
  }
}

void embedding(const int32_t* ids, const float* weight, const int32_t* positions, const float* position_table, float* y,
               const EmbeddingShape& shape) {
  check_range("token id", ids, shape.tokens, shape.vocab);
  check_range("position", positions, shape.tokens, shape.positions);
  parallel_ranges(shape.tokens, 64, [&](int64_t begin, int64_t end) {
    embedding_rows(ids, weight, positions, position_table, y, begin, end, shape.embed, shape.scale);
  });
}

void scatter_add(const int32_t* ids, const float* dy, float* table, int64_t tokens, int64_t rows, int64_t embed,
                 float scale, int64_t skip, bool accumulate) {
  for (int64_t i = 0; i < tokens; i++) {
    if (ids[i] >= rows) check_value("row id", ids[i], i, rows);
  }
  if (!accumulate) {
    parallel_ranges(rows, 256, [&](int64_t begin, int64_t end) {
      std::memset(table + begin * embed, 0, (end - begin) * embed * sizeof(float));
    });
  }
  // Threads share columns, not tokens, so that the order of additions does not depend on the threads.
  constexpr int64_t kCacheLine = 16;
  const int64_t lines = ceil_divide(embed, kCacheLine);
  parallel_ranges(lines, tokens * embed < 16384 ? lines : 1, [&](int64_t begin, int64_t end) {
    scatter_add_columns(ids, dy, table, tokens, embed, begin * kCacheLine, std::min(end * kCacheLine, embed), scale,
                        skip);
  });
}

}  // namespace onednn_backend
