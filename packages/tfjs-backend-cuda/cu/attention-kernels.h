// softmax(q · kᵀ / √headDim) · v within packed sentences, and its gradients, without a [target, source] table: keys and
// values pass through shared memory in tiles, and the softmax is corrected as they arrive.
//
// The file that includes this defines the arithmetic for head sizes up to kDim:
//   Tile<kDim>      [kTile, kDim] in shared memory
//   load_tile       starts to fill it
//   wait_for_tiles  a barrier after which all tiles are filled
//   multiply_tiles  table[i][j] = rows[i] · columns[j]
//   Sums<kDim>      the part of a [kTile, kDim] result that a thread sums
#pragma once
#include "attention-parts.h"

namespace {

// Whether queries see the keys of a tile, apart from the causal mask.
__device__ inline void load_visible(bool (&visible)[kTile], const Call& call, const Sequence& sequence, int first) {
  if (threadIdx.x >= kTile) return;
  const int key = first + threadIdx.x;
  visible[threadIdx.x] = key < sequence.source && call.key_padding[sequence.key + key] == 0;
}

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

template <int kDim, class Stored>
__device__ inline void attention(const Rows<Stored>& query, const Rows<Stored>& key, const Rows<Stored>& value,
                                 Stored* context, size_t context_stride, float* log_sum_exp, const Call& call,
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
    wait_for_tiles();
    multiply_tiles(memory.query, memory.key, memory.weights);
    __syncthreads();
    softmax_tile(memory, call, dropout, mask_row, first, first_key);
    __syncthreads();
#pragma unroll
    for (int i = 0; i < Sums<kDim>::kRows; ++i) output.scale(i, memory.factor[Sums<kDim>::row(i)]);
    output.add_product(memory.weights, memory.value);
  }
  wait_for_tiles();  // without keys, the query's copies are under way
#pragma unroll
  for (int i = 0; i < Sums<kDim>::kRows; ++i) {
    const float sum = memory.sum[Sums<kDim>::row(i)];
    output.scale(i, sum > 0 ? 1.0f / sum : sum);  // 0 where there is no key; NaN stays
  }
  output.store(context, context_stride, first, sequence.target, call.head_dim, 1);
  const int row = threadIdx.x;
  if (row >= kTile || first + row >= sequence.target) return;
  log_sum_exp[mask_row + first + row] = memory.top[row] == -INFINITY ? 0.0f : memory.top[row] + logf(memory.sum[row]);
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

// Loads the log-sum-exp of a tile of queries, and computes delta, into shared and global memory. A row belongs to 8
// lanes.
template <int kDim, class Stored>
__device__ inline void load_row_results(BackwardMemory<kDim>& memory, const Rows<Stored>& context,
                                        const Rows<Stored>& d_context, const float* log_sum_exp, float* delta,
                                        const Call& call, const Sequence& sequence, size_t mask_row) {
  const bool aligned = are_aligned(static_cast<int>(context.stride), context.values, d_context.values);
#pragma unroll
  for (int pass = 0; pass < 2; ++pass) {
    const int row = threadIdx.x / 8 + pass * 16, query = sequence.tile * kTile + row;
    const bool is_query = query < sequence.target;
    float sum = 0;
    for (int d = threadIdx.x % 8 * 4; d < call.head_dim; d += 32) {
      const int count = is_query ? call.head_dim - d : 0;
      const size_t at = query * context.stride + d;
      sum = dot(load4(context.values + at, count, aligned), load4(d_context.values + at, count, aligned), sum);
    }
    sum = eight_sum(sum);
    if (threadIdx.x % 8 > 0) continue;
    memory.delta[row] = sum;
    memory.log_sum_exp[row] = is_query ? log_sum_exp[mask_row + query] : 0.0f;
    if (is_query) delta[mask_row + query] = sum;
  }
}

// dq = dS · k / √headDim for a tile of queries. Also delta = rowsum(dContext ∘ context), which the gradient of the keys
// reads.
template <int kDim, class Stored>
__device__ inline void query_gradient(const Rows<Stored>& query, const Rows<Stored>& key, const Rows<Stored>& value,
                                      const Rows<Stored>& context, const Rows<Stored>& d_context,
                                      const float* log_sum_exp, float* delta, Stored* d_query, size_t d_query_stride,
                                      const Call& call, const Sequence& sequence, size_t mask_row,
                                      const Dropout& dropout) {
  DYNAMIC_SHARED(float, dynamic);
  BackwardMemory<kDim>& memory = *reinterpret_cast<BackwardMemory<kDim>*>(dynamic);
  const int first = sequence.tile * kTile;
  load_tile(memory.query, query, first, call.head_dim);
  load_tile(memory.d_context, d_context, first, call.head_dim);
  load_row_results(memory, context, d_context, log_sum_exp, delta, call, sequence, mask_row);
  Sums<kDim> d_rows;
  const int end = call.causal ? min(sequence.source, first + kTile) : sequence.source;
  for (int first_key = 0; first_key < end; first_key += kTile) {
    __syncthreads();
    load_tile(memory.key, key, first_key, call.head_dim);
    load_tile(memory.value, value, first_key, call.head_dim);
    load_visible(memory.visible, call, sequence, first_key);
    wait_for_tiles();
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
        const bool sees =
            index < sequence.target && memory.visible[column + i] && (!call.causal || first_key + column + i <= index);
        float& product = memory.products.values[row][column + i];
        product = Gradient(sees, call.scale * memory.weights.values[row][column + i], product, mask.values[i],
                           memory.log_sum_exp[row], memory.delta[row])
                      .product;
      }
    }
    __syncthreads();
    d_rows.add_product(memory.products, memory.key);
  }
  wait_for_tiles();  // of a sequence without keys
  d_rows.store(d_query, d_query_stride, first, sequence.target, call.head_dim, call.scale);
}

// dk = dSᵀ · q / √headDim and dv = (p ∘ mask)ᵀ · dContext for a tile of keys. The tables are transposed: a row is a
// key.
template <int kDim, class Stored>
__device__ inline void key_gradient(const Rows<Stored>& query, const Rows<Stored>& key, const Rows<Stored>& value,
                                    const Rows<Stored>& d_context, const float* log_sum_exp, const float* delta,
                                    Stored* d_key, Stored* d_value, size_t d_key_stride, const Call& call,
                                    const Sequence& sequence, size_t mask_row, const Dropout& dropout) {
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
    wait_for_tiles();
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
  wait_for_tiles();  // of a sequence without queries
  d_keys.store(d_key, d_key_stride, first, sequence.source, call.head_dim, call.scale);
  d_values.store(d_value, d_key_stride, first, sequence.source, call.head_dim, 1);
}

// The rows of a sequence and head in packed projections whose rows are `stride` elements apart.
__device__ inline size_t place(int first, int stride, int head, int head_dim) {
  return static_cast<size_t>(first) * stride + head * head_dim;
}

}  // namespace

// Stored: the elements of projections, contexts and their gradients. query rows are query_stride elements apart, key
// and value rows key_stride; context [query rows, heads, headDim], log_sum_exp [heads · query rows]. kDim: the head
// size, rounded up to 16, 32, 64 or 128. Grid: [query rows / 32 + sequences, heads]. Dynamic shared memory:
// ForwardMemory.
#define ATTENTION(name, Stored, kDim, kBlocks)                                                                       \
  BOUNDED_KERNEL(                                                                                                    \
      kThreads, kBlocks, name,                                                                                       \
      (const Stored* query, const Stored* key, const Stored* value, const int* query_starts, const int* key_starts,  \
       const int* key_padding, Stored* context, float* log_sum_exp, int query_stride, int key_stride, int sequences, \
       int heads, int head_dim, int longest_key, int causal, float scale, unsigned threshold, float mask_scale,      \
       unsigned seed, unsigned update, unsigned micro_batch, unsigned site)) {                                       \
    const Call call{                                                                                                 \
        query_starts, key_starts, key_padding, sequences, heads, head_dim, longest_key, causal != 0, scale};         \
    const Sequence sequence = sequence_of(call, query_starts, blockIdx.x);                                           \
    if (sequence.tile * kTile >= sequence.target) return;                                                            \
    const int head = blockIdx.y, embed = heads * head_dim;                                                           \
    const size_t key_place = place(sequence.key, key_stride, head, head_dim);                                        \
    attention<kDim, Stored>(                                                                                         \
        {query + place(sequence.query, query_stride, head, head_dim), size_t(query_stride), sequence.target},        \
        {key + key_place, size_t(key_stride), sequence.source},                                                      \
        {value + key_place, size_t(key_stride), sequence.source},                                                    \
        context + place(sequence.query, embed, head, head_dim), embed, log_sum_exp, call, sequence,                  \
        first_row(call, sequence, head), Dropout{threshold, mask_scale, seed, update, micro_batch, site});           \
  }

// Grid: [query rows / 32 + sequences, heads]. Dynamic shared memory: BackwardMemory. d_query rows are query_stride
// elements apart.
#define QUERY_GRADIENT(name, Stored, kDim, kBlocks)                                                                    \
  BOUNDED_KERNEL(                                                                                                      \
      kThreads, kBlocks, name,                                                                                         \
      (const Stored* query, const Stored* key, const Stored* value, const int* query_starts, const int* key_starts,    \
       const int* key_padding, const Stored* context, const float* log_sum_exp, const Stored* d_context, float* delta, \
       Stored* d_query, int query_stride, int key_stride, int sequences, int heads, int head_dim, int longest_key,     \
       int causal, float scale, unsigned threshold, float mask_scale, unsigned seed, unsigned update,                  \
       unsigned micro_batch, unsigned site)) {                                                                         \
    const Call call{                                                                                                   \
        query_starts, key_starts, key_padding, sequences, heads, head_dim, longest_key, causal != 0, scale};           \
    const Sequence sequence = sequence_of(call, query_starts, blockIdx.x);                                             \
    if (sequence.tile * kTile >= sequence.target) return;                                                              \
    const int head = blockIdx.y, embed = heads * head_dim;                                                             \
    const size_t query_place = place(sequence.query, query_stride, head, head_dim);                                    \
    const size_t key_place = place(sequence.key, key_stride, head, head_dim);                                          \
    const size_t context_place = place(sequence.query, embed, head, head_dim);                                         \
    query_gradient<kDim, Stored>({query + query_place, size_t(query_stride), sequence.target},                         \
                                 {key + key_place, size_t(key_stride), sequence.source},                               \
                                 {value + key_place, size_t(key_stride), sequence.source},                             \
                                 {context + context_place, size_t(embed), sequence.target},                            \
                                 {d_context + context_place, size_t(embed), sequence.target}, log_sum_exp, delta,      \
                                 d_query + query_place, query_stride, call, sequence, first_row(call, sequence, head), \
                                 Dropout{threshold, mask_scale, seed, update, micro_batch, site});                     \
  }

// Runs after the gradient of the queries, which writes delta. d_key and d_value rows are key_stride elements apart.
// Grid: [key rows / 32 + sequences, heads]. Dynamic shared memory: BackwardMemory.
#define KEY_GRADIENT(name, Stored, kDim, kBlocks)                                                                      \
  BOUNDED_KERNEL(kThreads, kBlocks, name,                                                                              \
                 (const Stored* query, const Stored* key, const Stored* value, const int* query_starts,                \
                  const int* key_starts, const int* key_padding, const float* log_sum_exp, const Stored* d_context,    \
                  const float* delta, Stored* d_key, Stored* d_value, int query_stride, int key_stride, int sequences, \
                  int heads, int head_dim, int longest_key, int causal, float scale, unsigned threshold,               \
                  float mask_scale, unsigned seed, unsigned update, unsigned micro_batch, unsigned site)) {            \
    const Call call{                                                                                                   \
        query_starts, key_starts, key_padding, sequences, heads, head_dim, longest_key, causal != 0, scale};           \
    const Sequence sequence = sequence_of(call, key_starts, blockIdx.x);                                               \
    if (sequence.tile * kTile >= sequence.source) return;                                                              \
    const int head = blockIdx.y, embed = heads * head_dim;                                                             \
    const size_t key_place = place(sequence.key, key_stride, head, head_dim);                                          \
    key_gradient<kDim, Stored>(                                                                                        \
        {query + place(sequence.query, query_stride, head, head_dim), size_t(query_stride), sequence.target},          \
        {key + key_place, size_t(key_stride), sequence.source},                                                        \
        {value + key_place, size_t(key_stride), sequence.source},                                                      \
        {d_context + place(sequence.query, embed, head, head_dim), size_t(embed), sequence.target}, log_sum_exp,       \
        delta, d_key + key_place, d_value + key_place, key_stride, call, sequence, first_row(call, sequence, head),    \
        Dropout{threshold, mask_scale, seed, update, micro_batch, site});                                              \
  }
