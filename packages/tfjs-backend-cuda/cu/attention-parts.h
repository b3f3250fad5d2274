// What attention in float32 and in bfloat16 has in common: where the rows of a sentence are, and the memory of a tile.
//
// The rows of sequence s are [starts[s], starts[s + 1]). The log-sum-exp of query i, and its row of the dropout mask,
// is at heads · start + head · length + i. A query that sees no key has context 0 and log-sum-exp 0.
#pragma once
#include "philox.h"
#include "vectors.h"

namespace {

constexpr int kThreads = 128;
constexpr int kTile = 32;                // queries or keys in shared memory at once
constexpr int kTableStride = kTile + 4;  // of a Table: keeps float4 aligned and spreads rows over the banks

// What all kernels know of a call.
struct Call {
  const int *query_starts, *key_starts, *key_padding;  // key_padding [key rows]: 1 = padding, which no query sees
  int sequences, heads, head_dim, longest_key;
  bool causal;
  float scale;  // 1 / √headDim
};

// Rows of a projection for one head: row i is at values + i · stride.
template <class Stored>
struct Rows {
  const Stored* values;
  size_t stride;
  int count;
};

struct Sequence {
  int query, target, key, source;  // first query, queries, first key, keys
  int tile;                        // the tile of this block
};

// Sequence s has the slots from starts[s] / kTile + s on, which are enough for its tiles: a block finds its sequence
// without a list of tiles. There are starts[sequences] / kTile + sequences slots.
__device__ inline Sequence sequence_of(const Call& call, const int* starts, int slot) {
  int low = 0, high = call.sequences - 1;
  while (low < high) {
    const int middle = (low + high + 1) / 2;
    if (starts[middle] / kTile + middle <= slot) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  const int query = call.query_starts[low], key = call.key_starts[low];
  return {query, call.query_starts[low + 1] - query, key, call.key_starts[low + 1] - key,
          slot - (starts[low] / kTile + low)};
}

// The first log-sum-exp of a head, which is also the first row of its dropout mask.
__device__ inline size_t first_row(const Call& call, const Sequence& sequence, int head) {
  return static_cast<size_t>(call.heads) * sequence.query + static_cast<size_t>(head) * sequence.target;
}

struct Table {
  float values[kTile][kTableStride];
};

__device__ inline float dot(float4 a, float4 b, float sum) {
  return fmaf(a.w, b.w, fmaf(a.z, b.z, fmaf(a.y, b.y, fmaf(a.x, b.x, sum))));
}

}  // namespace
