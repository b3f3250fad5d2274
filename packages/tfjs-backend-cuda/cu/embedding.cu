// Embeddings of tokens and positions, and the gradient of an embedding table.
#include "vectors.h"

namespace {
constexpr int kThreads = 256;
constexpr int kColumns = 128;  // of a table's row that a block of scatter_add sums
constexpr int kAhead = 8;      // rows that it loads at a time, because frequent ids have hundreds
}  // namespace

// y[i] = scale · weight[ids[i]] + positionTable[positions[i]]; NaN for an index outside its table.
// ids, positions [tokens], weight [vocab, embed], position_table [position_rows, embed], y [tokens, embed]
BOUNDED_KERNEL(kThreads, 4, embedding,
               (const int* ids, const float* weight, const int* positions, const float* position_table, float* y,
                int tokens, int embed, int vocab, int position_rows, float scale)) {
  const bool aligned = are_aligned(embed, weight, position_table, y);
  const size_t groups = (embed + 3) / 4, step = static_cast<size_t>(gridDim.x) * blockDim.x;
  for (size_t group = static_cast<size_t>(blockIdx.x) * blockDim.x + threadIdx.x; group < tokens * groups;
       group += step) {
    const size_t token = group / groups;
    const int column = static_cast<int>(group % groups) * 4, count = embed - column;
    const int id = ids[token], position = positions[token];
    float4 sum = make_float4(NAN, NAN, NAN, NAN);
    if (id >= 0 && id < vocab && position >= 0 && position < position_rows) {
      const float4 word = load4(weight + static_cast<size_t>(id) * embed + column, count, aligned);
      const float4 place = load4(position_table + static_cast<size_t>(position) * embed + column, count, aligned);
      sum = make_float4(scale * word.x + place.x, scale * word.y + place.y, scale * word.z + place.z,
                        scale * word.w + place.w);
    }
    store4(y + token * embed + column, sum, count, aligned);
  }
}

// table[id] += scale · Σ dy[i] over the tokens i with this id, in the order of i. Skips `skip` and ids outside the
// table. dy [tokens, embed], table [rows, embed]. Grid: [tokens, ⌈embed / 128⌉]; blocks that do not start an id end at
// once.
BOUNDED_KERNEL(kColumns, 8, scatter_add,
               (const int* sorted_ids, const int* order, const float* dy, float* table, int tokens, int rows,
                int embed, float scale, int skip)) {
  const int begin = blockIdx.x, id = sorted_ids[begin], column = blockIdx.y * kColumns + threadIdx.x;
  if ((begin > 0 && sorted_ids[begin - 1] == id) || id == skip || id < 0 || id >= rows || column >= embed) return;
  const auto gradient = [&](int place) { return dy[static_cast<size_t>(order[place]) * embed + column]; };
  float sum = 0;
  int place = begin;
  for (; place + kAhead <= tokens && sorted_ids[place + kAhead - 1] == id; place += kAhead) {
    float parts[kAhead];
#pragma unroll
    for (int i = 0; i < kAhead; ++i) parts[i] = gradient(place + i);
#pragma unroll
    for (int i = 0; i < kAhead; ++i) sum = fmaf(scale, parts[i], sum);
  }
  for (; place < tokens && sorted_ids[place] == id; ++place) sum = fmaf(scale, gradient(place), sum);
  table[static_cast<size_t>(id) * embed + column] += sum;
}
