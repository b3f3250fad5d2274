// softmax(q · kᵀ / √headDim) · v within packed sentences, in strict float32, without a [target, source] table: keys and
// values pass through shared memory in tiles, and the softmax is corrected as they arrive.
//
// The rows of sequence s are [starts[s], starts[s + 1]). The log-sum-exp of query i, and its row of the dropout mask, is
// at heads · start + head · length + i. A query that sees no key has context 0 and log-sum-exp 0.
#include "philox.h"
#include "vectors.h"

namespace {

constexpr int kThreads = 128;
constexpr int kTile = 32;             // queries or keys in shared memory at once
constexpr int kTableStride = kTile + 4;  // of a [kTile, kTile] table: keeps float4 aligned and spreads rows over banks

// What all kernels know of a call.
struct Call {
  const int *query_starts, *key_starts, *key_padding;  // key_padding [key rows]: 1 = padding, which no query sees
  int sequences, heads, head_dim, longest_key;
  bool causal;
  float scale;  // 1 / √headDim
};

// Rows of a projection for one head: row i is at values + i · stride.
struct Rows {
  const float* values;
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

template <int kDim>
struct Tile {
  float values[kTile][kDim + 4];
};

struct Table {
  float values[kTile][kTableStride];
};

// Loads rows [first, first + kTile), with zeros beyond the last row and the last column.
template <int kDim>
__device__ inline void load_tile(Tile<kDim>& tile, const Rows& rows, int first, int head_dim) {
  const bool aligned = are_aligned(static_cast<int>(rows.stride), rows.values);
  for (int i = threadIdx.x; i < kTile * kDim / 4; i += kThreads) {
    const int row = i / (kDim / 4), column = i % (kDim / 4) * 4;
    *reinterpret_cast<float4*>(&tile.values[row][column]) =
        load4(rows.values + (first + row) * rows.stride + column, first + row < rows.count ? head_dim - column : 0,
              aligned);
  }
}

// Whether queries see the keys of a tile, apart from the causal mask.
__device__ inline void load_visible(bool (&visible)[kTile], const Call& call, const Sequence& sequence, int first) {
  if (threadIdx.x >= kTile) return;
  const int key = first + threadIdx.x;
  visible[threadIdx.x] = key < sequence.source && call.key_padding[sequence.key + key] == 0;
}

__device__ inline float dot(float4 a, float4 b, float sum) {
  return fmaf(a.w, b.w, fmaf(a.z, b.z, fmaf(a.y, b.y, fmaf(a.x, b.x, sum))));
}

// table[i][j] = rows[i] · columns[j]
template <int kDim>
__device__ inline void multiply_tiles(const Tile<kDim>& rows, const Tile<kDim>& columns, Table& table) {
  const int row = threadIdx.x / 8, column = threadIdx.x % 8;
  float sums[2][4] = {};
#pragma unroll 4
  for (int d = 0; d < kDim; d += 4) {
    float4 a[2], b[4];
#pragma unroll
    for (int i = 0; i < 2; ++i) a[i] = *reinterpret_cast<const float4*>(&rows.values[row + i * 16][d]);
#pragma unroll
    for (int j = 0; j < 4; ++j) b[j] = *reinterpret_cast<const float4*>(&columns.values[column + j * 8][d]);
#pragma unroll
    for (int i = 0; i < 2; ++i) {
#pragma unroll
      for (int j = 0; j < 4; ++j) sums[i][j] = dot(a[i], b[j], sums[i][j]);
    }
  }
#pragma unroll
  for (int i = 0; i < 2; ++i) {
#pragma unroll
    for (int j = 0; j < 4; ++j) table.values[row + i * 16][column + j * 8] = sums[i][j];
  }
}

// The part of a [kTile, kDim] result that a thread sums: kRows rows, kStep apart, and in each kGroups groups of 4
// columns.
template <int kDim>
struct Sums {
  static constexpr int kLanes = kDim / 4 < 16 ? kDim / 4 : 16;
  static constexpr int kGroups = kDim / 4 / kLanes, kStep = kThreads / kLanes, kRows = kTile / kStep;
  float values[kRows][kGroups][4] = {};

  static __device__ int row(int i) { return threadIdx.x / kLanes + i * kStep; }
  static __device__ int column(int group) { return (threadIdx.x % kLanes + group * kLanes) * 4; }

  // row ← row · factor
  __device__ void scale(int i, float factor) {
#pragma unroll
    for (int group = 0; group < kGroups; ++group) {
#pragma unroll
      for (int c = 0; c < 4; ++c) values[i][group][c] *= factor;
    }
  }

  // += table · tile
  __device__ void add_product(const Table& table, const Tile<kDim>& tile) {
#pragma unroll 2
    for (int k = 0; k < kTile; k += 4) {
      float weights[kRows][4];
#pragma unroll
      for (int i = 0; i < kRows; ++i) {
        const float4 four = *reinterpret_cast<const float4*>(&table.values[row(i)][k]);
        weights[i][0] = four.x, weights[i][1] = four.y, weights[i][2] = four.z, weights[i][3] = four.w;
      }
#pragma unroll
      for (int j = 0; j < 4; ++j) {
#pragma unroll
        for (int group = 0; group < kGroups; ++group) {
          const float4 v = *reinterpret_cast<const float4*>(&tile.values[k + j][column(group)]);
#pragma unroll
          for (int i = 0; i < kRows; ++i) {
            float(&sums)[4] = values[i][group];
            sums[0] = fmaf(weights[i][j], v.x, sums[0]);
            sums[1] = fmaf(weights[i][j], v.y, sums[1]);
            sums[2] = fmaf(weights[i][j], v.z, sums[2]);
            sums[3] = fmaf(weights[i][j], v.w, sums[3]);
          }
        }
      }
    }
  }

  // Writes factor · values to the rows of a result from `first` on.
  __device__ void store(float* to, size_t stride, int first, int count, int head_dim, float factor) const {
    const bool aligned = are_aligned(static_cast<int>(stride), to);
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
      if (first + row(i) >= count) continue;
#pragma unroll
      for (int group = 0; group < kGroups; ++group) {
        const float(&v)[4] = values[i][group];
        store4(to + (first + row(i)) * stride + column(group),
               make_float4(factor * v[0], factor * v[1], factor * v[2], factor * v[3]), head_dim - column(group),
               aligned);
      }
    }
  }
};

// The sum over the 8 lanes that share a row.
__device__ inline float eight_sum(float x) {
#pragma unroll
  for (int offset = 4; offset > 0; offset /= 2) x += __shfl_xor_sync(0xffffffffu, x, offset);
  return x;
}

__device__ inline float eight_max(float x) {
#pragma unroll
  for (int offset = 4; offset > 0; offset /= 2) x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, offset));
  return x;
}

__device__ inline Mask4 weight_mask(const Dropout& dropout, const Call& call, size_t mask_row, int key) {
  if (dropout.threshold == 0) return {{1, 1, 1, 1}};
  return dropout_mask(dropout, static_cast<unsigned long long>(mask_row) * ((call.longest_key + 3) / 4) + key / 4);
}

template <int kDim>
struct ForwardMemory {
  Tile<kDim> query, key, value;
  Table weights;
  float top[kTile], sum[kTile], factor[kTile];  // of each query: maximum, Σ exp, correction of earlier sums
  bool visible[kTile];
};

// weights ← exp(scores − top) ∘ mask for one tile of keys; updates top and sum. A row belongs to 8 lanes.
template <int kDim>
__device__ inline void softmax_tile(ForwardMemory<kDim>& memory, const Call& call, const Dropout& dropout,
                                    size_t mask_row, int first_query, int first_key) {
  const int column = threadIdx.x % 8 * 4;
#pragma unroll
  for (int pass = 0; pass < 2; ++pass) {
    const int row = threadIdx.x / 8 + pass * 16, query = first_query + row;
    float4* const four = reinterpret_cast<float4*>(&memory.weights.values[row][column]);
    float scores[4] = {four->x, four->y, four->z, four->w};
    float top = memory.top[row];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const bool sees = memory.visible[column + i] && (!call.causal || first_key + column + i <= query);
      scores[i] = sees ? call.scale * scores[i] : -INFINITY;
      top = fmaxf(top, scores[i]);
    }
    top = eight_max(top);
    const bool sees_none = top == -INFINITY;
    const Mask4 mask = weight_mask(dropout, call, mask_row + query, first_key + column);
    float sum = 0;
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const float weight = sees_none ? 0.0f : expf(scores[i] - top);
      sum += weight;
      scores[i] = weight * mask.values[i];
    }
    sum = eight_sum(sum);
    *four = make_float4(scores[0], scores[1], scores[2], scores[3]);
    if (column > 0) continue;
    const float factor = sees_none ? 1.0f : expf(memory.top[row] - top);
    memory.factor[row] = factor;
    memory.sum[row] = memory.sum[row] * factor + sum;
    memory.top[row] = top;
  }
}

template <int kDim>
__device__ inline void attention(const Rows& query, const Rows& key, const Rows& value, float* context,
                                 size_t context_stride, float* log_sum_exp, const Call& call,
                                 const Sequence& sequence, size_t mask_row, const Dropout& dropout) {
  DYNAMIC_SHARED(float, dynamic);
  ForwardMemory<kDim>& memory = *reinterpret_cast<ForwardMemory<kDim>*>(dynamic);
  const int first = sequence.tile * kTile;
  load_tile(memory.query, query, first, call.head_dim);
  if (threadIdx.x < kTile) memory.top[threadIdx.x] = -INFINITY, memory.sum[threadIdx.x] = 0;
  Sums<kDim> output;
  const int end = call.causal ? min(sequence.source, first + kTile) : sequence.source;
  for (int first_key = 0; first_key < end; first_key += kTile) {
    __syncthreads();  // the products of the previous tile are done
    load_tile(memory.key, key, first_key, call.head_dim);
    load_tile(memory.value, value, first_key, call.head_dim);
    load_visible(memory.visible, call, sequence, first_key);
    __syncthreads();
    multiply_tiles(memory.query, memory.key, memory.weights);
    __syncthreads();
    softmax_tile(memory, call, dropout, mask_row, first, first_key);
    __syncthreads();
#pragma unroll
    for (int i = 0; i < Sums<kDim>::kRows; ++i) output.scale(i, memory.factor[Sums<kDim>::row(i)]);
    output.add_product(memory.weights, memory.value);
  }
  __syncthreads();
#pragma unroll
  for (int i = 0; i < Sums<kDim>::kRows; ++i) {
    const float sum = memory.sum[Sums<kDim>::row(i)];
    output.scale(i, sum > 0 ? 1.0f / sum : sum);  // 0 where there is no key; NaN stays
  }
  output.store(context, context_stride, first, sequence.target, call.head_dim, 1);
  const int row = threadIdx.x;
  if (row >= kTile || first + row >= sequence.target) return;
  log_sum_exp[mask_row + first + row] =
      memory.top[row] == -INFINITY ? 0.0f : memory.top[row] + logf(memory.sum[row]);
}

template <int kDim>
struct BackwardMemory {
  Tile<kDim> query, d_context, key, value;
  Table weights, products;
  float log_sum_exp[kTile], delta[kTile];
  bool visible[kTile];
};

// p = exp(score − logSumExp) of the softmax; 0 for a hidden key.
struct Gradient {
  float weight, product;  // p · mask, and dS = p · (mask · (dContext · v) − delta) without the factor 1 / √headDim

  __device__ Gradient(bool sees, float score, float d_weight, float mask, float log_sum_exp, float delta) {
    const float p = sees ? expf(score - log_sum_exp) : 0.0f;
    weight = p * mask;
    product = p * (mask * d_weight - delta);
  }
};

// dq = dS · k / √headDim for a tile of queries. Also delta = rowsum(dContext ∘ context), which the gradient of the keys
// reads.
template <int kDim>
__device__ inline void query_gradient(const Rows& query, const Rows& key, const Rows& value, const Rows& context,
                                      const Rows& d_context, const float* log_sum_exp, float* delta, float* d_query,
                                      size_t d_query_stride, const Call& call, const Sequence& sequence,
                                      size_t mask_row, const Dropout& dropout) {
  DYNAMIC_SHARED(float, dynamic);
  BackwardMemory<kDim>& memory = *reinterpret_cast<BackwardMemory<kDim>*>(dynamic);
  const int first = sequence.tile * kTile;
  load_tile(memory.query, query, first, call.head_dim);
  load_tile(memory.d_context, d_context, first, call.head_dim);
  load_tile(memory.key, context, first, call.head_dim);
  __syncthreads();
  {
    const int column = threadIdx.x % 8 * 4;
#pragma unroll
    for (int pass = 0; pass < 2; ++pass) {
      const int row = threadIdx.x / 8 + pass * 16;
      float sum = 0;
      for (int d = column; d < kDim; d += 32) {
        sum = dot(*reinterpret_cast<const float4*>(&memory.key.values[row][d]),
                  *reinterpret_cast<const float4*>(&memory.d_context.values[row][d]), sum);
      }
      sum = eight_sum(sum);
      if (column > 0) continue;
      memory.delta[row] = sum;
      const bool is_query = first + row < sequence.target;
      memory.log_sum_exp[row] = is_query ? log_sum_exp[mask_row + first + row] : 0.0f;
      if (is_query) delta[mask_row + first + row] = sum;
    }
  }
  Sums<kDim> d_rows;
  const int end = call.causal ? min(sequence.source, first + kTile) : sequence.source;
  for (int first_key = 0; first_key < end; first_key += kTile) {
    __syncthreads();
    load_tile(memory.key, key, first_key, call.head_dim);
    load_tile(memory.value, value, first_key, call.head_dim);
    load_visible(memory.visible, call, sequence, first_key);
    __syncthreads();
    multiply_tiles(memory.query, memory.key, memory.weights);
    multiply_tiles(memory.d_context, memory.value, memory.products);
    __syncthreads();
    const int column = threadIdx.x % 8 * 4;
#pragma unroll
    for (int pass = 0; pass < 2; ++pass) {
      const int row = threadIdx.x / 8 + pass * 16, index = first + row;
      const Mask4 mask = weight_mask(dropout, call, mask_row + index, first_key + column);
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const bool sees = index < sequence.target && memory.visible[column + i] &&
                          (!call.causal || first_key + column + i <= index);
        float& product = memory.products.values[row][column + i];
        product = Gradient(sees, call.scale * memory.weights.values[row][column + i], product, mask.values[i],
                           memory.log_sum_exp[row], memory.delta[row])
                      .product;
      }
    }
    __syncthreads();
    d_rows.add_product(memory.products, memory.key);
  }
  d_rows.store(d_query, d_query_stride, first, sequence.target, call.head_dim, call.scale);
}

// dk = dSᵀ · q / √headDim and dv = (p ∘ mask)ᵀ · dContext for a tile of keys. The tables are transposed: a row is a key.
template <int kDim>
__device__ inline void key_gradient(const Rows& query, const Rows& key, const Rows& value, const Rows& d_context,
                                    const float* log_sum_exp, const float* delta, float* d_key, float* d_value,
                                    size_t d_key_stride, const Call& call, const Sequence& sequence, size_t mask_row,
                                    const Dropout& dropout) {
  DYNAMIC_SHARED(float, dynamic);
  BackwardMemory<kDim>& memory = *reinterpret_cast<BackwardMemory<kDim>*>(dynamic);
  const int first = sequence.tile * kTile;
  load_tile(memory.key, key, first, call.head_dim);
  load_tile(memory.value, value, first, call.head_dim);
  load_visible(memory.visible, call, sequence, first);
  Sums<kDim> d_keys, d_values;
  for (int first_query = call.causal ? first : 0; first_query < sequence.target; first_query += kTile) {
    __syncthreads();
    load_tile(memory.query, query, first_query, call.head_dim);
    load_tile(memory.d_context, d_context, first_query, call.head_dim);
    __syncthreads();
    multiply_tiles(memory.key, memory.query, memory.weights);
    multiply_tiles(memory.value, memory.d_context, memory.products);
    __syncthreads();
    const int lane = threadIdx.x % kTile, index = first_query + lane;
    const bool is_query = index < sequence.target;
    const float lse = is_query ? log_sum_exp[mask_row + index] : 0.0f;
    const float rest = is_query ? delta[mask_row + index] : 0.0f;
#pragma unroll
    for (int pass = 0; pass < 2; ++pass) {
      const int row = (threadIdx.x / kTile + pass * 4) * 4;
      const Mask4 mask = weight_mask(dropout, call, mask_row + index, first + row);
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const bool sees = is_query && memory.visible[row + i] && (!call.causal || first + row + i <= index);
        float &weight = memory.weights.values[row + i][lane], &product = memory.products.values[row + i][lane];
        const Gradient gradient(sees, call.scale * weight, product, mask.values[i], lse, rest);
        weight = gradient.weight;
        product = gradient.product;
      }
    }
    __syncthreads();
    d_values.add_product(memory.weights, memory.d_context);
    d_keys.add_product(memory.products, memory.query);
  }
  d_keys.store(d_key, d_key_stride, first, sequence.source, call.head_dim, call.scale);
  d_values.store(d_value, d_key_stride, first, sequence.source, call.head_dim, 1);
}

// The rows of a sequence and head in packed projections whose rows are `stride` elements apart.
__device__ inline size_t place(int first, int stride, int head, int head_dim) {
  return static_cast<size_t>(first) * stride + head * head_dim;
}

}  // namespace

// query rows are query_stride elements apart, key and value rows key_stride; context [query rows, heads, headDim],
// log_sum_exp [heads · query rows]. kDim: the head size, rounded up to 16, 32, 64 or 128.
// Grid: [query rows / 32 + sequences, heads]. Dynamic shared memory: ForwardMemory.
#define ATTENTION(name, kDim, kBlocks)                                                                               \
  BOUNDED_KERNEL(kThreads, kBlocks, name,                                                                            \
                 (const float* query, const float* key, const float* value, const int* query_starts,                 \
                  const int* key_starts, const int* key_padding, float* context, float* log_sum_exp,                 \
                  int query_stride, int key_stride, int sequences, int heads, int head_dim, int longest_key,         \
                  int causal, float scale, unsigned threshold, float mask_scale, unsigned seed, unsigned update,     \
                  unsigned micro_batch, unsigned site)) {                                                            \
    const Call call{query_starts, key_starts, key_padding, sequences, heads, head_dim, longest_key, causal != 0,     \
                    scale};                                                                                          \
    const Sequence sequence = sequence_of(call, query_starts, blockIdx.x);                                           \
    if (sequence.tile * kTile >= sequence.target) return;                                                            \
    const int head = blockIdx.y, embed = heads * head_dim;                                                           \
    const size_t key_place = place(sequence.key, key_stride, head, head_dim);                                        \
    attention<kDim>({query + place(sequence.query, query_stride, head, head_dim), size_t(query_stride),              \
                     sequence.target},                                                                               \
                    {key + key_place, size_t(key_stride), sequence.source},                                          \
                    {value + key_place, size_t(key_stride), sequence.source},                                        \
                    context + place(sequence.query, embed, head, head_dim), embed, log_sum_exp, call, sequence,      \
                    first_row(call, sequence, head),                                                                 \
                    Dropout{threshold, mask_scale, seed, update, micro_batch, site});                                \
  }

ATTENTION(attention_16, 16, 5)
ATTENTION(attention_32, 32, 5)
ATTENTION(attention_64, 64, 4)
ATTENTION(attention_128, 128, 4)

// Grid: [query rows / 32 + sequences, heads]. Dynamic shared memory: BackwardMemory. d_query rows are query_stride
// elements apart.
#define QUERY_GRADIENT(name, kDim, kBlocks)                                                                          \
  BOUNDED_KERNEL(kThreads, kBlocks, name,                                                                            \
                 (const float* query, const float* key, const float* value, const int* query_starts,                 \
                  const int* key_starts, const int* key_padding, const float* context, const float* log_sum_exp,     \
                  const float* d_context, float* delta, float* d_query, int query_stride, int key_stride,            \
                  int sequences, int heads, int head_dim, int longest_key, int causal, float scale,                  \
                  unsigned threshold, float mask_scale, unsigned seed, unsigned update, unsigned micro_batch,        \
                  unsigned site)) {                                                                                  \
    const Call call{query_starts, key_starts, key_padding, sequences, heads, head_dim, longest_key, causal != 0,     \
                    scale};                                                                                          \
    const Sequence sequence = sequence_of(call, query_starts, blockIdx.x);                                           \
    if (sequence.tile * kTile >= sequence.target) return;                                                            \
    const int head = blockIdx.y, embed = heads * head_dim;                                                           \
    const size_t query_place = place(sequence.query, query_stride, head, head_dim);                                  \
    const size_t key_place = place(sequence.key, key_stride, head, head_dim);                                        \
    const size_t context_place = place(sequence.query, embed, head, head_dim);                                       \
    query_gradient<kDim>({query + query_place, size_t(query_stride), sequence.target},                               \
                         {key + key_place, size_t(key_stride), sequence.source},                                     \
                         {value + key_place, size_t(key_stride), sequence.source},                                   \
                         {context + context_place, size_t(embed), sequence.target},                                  \
                         {d_context + context_place, size_t(embed), sequence.target}, log_sum_exp, delta,            \
                         d_query + query_place, query_stride, call, sequence, first_row(call, sequence, head),       \
                         Dropout{threshold, mask_scale, seed, update, micro_batch, site});                           \
  }

QUERY_GRADIENT(attention_query_grad_16, 16, 4)
QUERY_GRADIENT(attention_query_grad_32, 32, 4)
QUERY_GRADIENT(attention_query_grad_64, 64, 4)
QUERY_GRADIENT(attention_query_grad_128, 128, 2)

// Runs after the gradient of the queries, which writes delta. d_key and d_value rows are key_stride elements apart.
// Grid: [key rows / 32 + sequences, heads]. Dynamic shared memory: BackwardMemory.
#define KEY_GRADIENT(name, kDim, kBlocks)                                                                            \
  BOUNDED_KERNEL(kThreads, kBlocks, name,                                                                            \
                 (const float* query, const float* key, const float* value, const int* query_starts,                 \
                  const int* key_starts, const int* key_padding, const float* log_sum_exp, const float* d_context,   \
                  const float* delta, float* d_key, float* d_value, int query_stride, int key_stride,                \
                  int sequences, int heads, int head_dim, int longest_key, int causal, float scale,                  \
                  unsigned threshold, float mask_scale, unsigned seed, unsigned update, unsigned micro_batch,        \
                  unsigned site)) {                                                                                  \
    const Call call{query_starts, key_starts, key_padding, sequences, heads, head_dim, longest_key, causal != 0,     \
                    scale};                                                                                          \
    const Sequence sequence = sequence_of(call, key_starts, blockIdx.x);                                             \
    if (sequence.tile * kTile >= sequence.source) return;                                                            \
    const int head = blockIdx.y, embed = heads * head_dim;                                                           \
    const size_t key_place = place(sequence.key, key_stride, head, head_dim);                                        \
    key_gradient<kDim>({query + place(sequence.query, query_stride, head, head_dim), size_t(query_stride),           \
                        sequence.target},                                                                            \
                       {key + key_place, size_t(key_stride), sequence.source},                                       \
                       {value + key_place, size_t(key_stride), sequence.source},                                     \
                       {d_context + place(sequence.query, embed, head, head_dim), size_t(embed), sequence.target},   \
                       log_sum_exp, delta, d_key + key_place, d_value + key_place, key_stride, call, sequence,       \
                       first_row(call, sequence, head),                                                              \
                       Dropout{threshold, mask_scale, seed, update, micro_batch, site});                             \
  }

KEY_GRADIENT(attention_key_grad_16, 16, 4)
KEY_GRADIENT(attention_key_grad_32, 32, 4)
KEY_GRADIENT(attention_key_grad_64, 64, 4)
KEY_GRADIENT(attention_key_grad_128, 128, 2)
