#pragma once

#include <cstdint>

namespace onednn_backend {

struct EmbeddingShape {
  int64_t tokens, embed, vocab, positions;
  float scale;
};

// y[i] = scale · weight[ids[i]] + positionTable[positions[i]]. Throws std::out_of_range for an index outside its table.
void embedding(const int32_t* ids, const float* weight, const int32_t* positions, const float* position_table, float* y,
               const EmbeddingShape& shape);

// table[ids[i]] += scale · dy[i], in the order of i, starting from zeros unless `accumulate`. Skips negative ids and
// `skip`. table [rows, embed]. Throws std::out_of_range for an id that is too large.
void scatter_add(const int32_t* ids, const float* dy, float* table, int64_t tokens, int64_t rows, int64_t embed,
                 float scale, int64_t skip, bool accumulate);

}  // namespace onednn_backend
