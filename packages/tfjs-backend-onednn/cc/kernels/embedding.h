#pragma once

#include <cstdint>

namespace onednn_backend {

struct EmbeddingShape {
  int64_t tokens, embed, vocab, positions;
  float scale;
};

// y[i] = scale · weight[ids[i]] + positionTable[positions[i]];  throws std::out_of_range for an id outside its table
void embedding(const int32_t* ids, const float* weight, const int32_t* positions, const float* position_table, float* y,
               const EmbeddingShape& shape);

// table[ids[i]] += scale · dy[i], in the order of i, from zeros unless `accumulate`; rows of `skip` get nothing.
// table [rows, embed]
void scatter_add(const int32_t* ids, const float* dy, float* table, int64_t tokens, int64_t rows, int64_t embed,
                 float scale, int64_t skip, bool accumulate);

}  // namespace onednn_backend
