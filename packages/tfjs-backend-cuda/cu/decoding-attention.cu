// Attention of the newest token of each hypothesis, whose keys and values stay where earlier steps wrote them.
//
// A place holds the keys and values of one token of one hypothesis: [layers, 2 · embed] = [k | v]. history [rows, capacity]
// has the address of each hypothesis's place for each position, so hypotheses share the places of what they have in
// common. The suffix of a kernel is the type of stored keys, values and contexts, and the largest head size: columns
// beyond it count as 0.
// no spills
#include "parts.h"
#include "vectors.h"

namespace {

constexpr int kThreads = 128;
constexpr int kAhead = 4;    // keys that a group of lanes loads at a time
constexpr int kQueries = 4;  // hypotheses of a sentence that a block computes

__device__ inline float4 load_stored(const float* from, int count, bool aligned) { return load4(from, count, aligned); }

// aligned: `from` is a multiple of 8 bytes.
__device__ inline float4 load_stored(const bf16* from, int count, bool aligned) {
  if (aligned && count >= 4) {
    const uint2 words = *reinterpret_cast<const uint2*>(from);
    return make_float4(__uint_as_float(words.x << 16), __uint_as_float(words.x & 0xffff0000u),
                       __uint_as_float(words.y << 16), __uint_as_float(words.y & 0xffff0000u));
  }
  return make_float4(count > 0 ? to_float(from[0]) : 0.0f, count > 1 ? to_float(from[1]) : 0.0f,
                     count > 2 ? to_float(from[2]) : 0.0f, count > 3 ? to_float(from[3]) : 0.0f);
}

__device__ inline void store_as(float* to, float value) { *to = value; }
__device__ inline void store_as(bf16* to, float value) { *to = to_bf16(value); }

template <class Stored>
__device__ inline void store_four(Stored* to, float4 value, int count) {
  if (count > 0) store_as(to, value.x);
  if (count > 1) store_as(to + 1, value.y);
  if (count > 2) store_as(to + 2, value.z);
  if (count > 3) store_as(to + 3, value.w);
}

// A projection of the newest tokens, in the parts that its product was summed in: parts [count, rows, columns].
struct Projection {
  const float *parts, *bias;
  int count, rows, columns;

  // Four columns of a row; the first `rest` of them, then zeros.
  __device__ float4 load(int row, int column, int rest) const {
    const size_t table = static_cast<size_t>(rows) * columns;
    return sum_of_parts(parts + static_cast<size_t>(row) * columns + column, table, count, bias + column, rest,
                        column % 4 == 0 && are_aligned(columns, parts, bias));
  }
};

__device__ inline float dot(float4 a, float4 b) { return fmaf(a.w, b.w, fmaf(a.z, b.z, fmaf(a.y, b.y, a.x * b.x))); }

__device__ inline float4 scaled(float4 v, float factor) {
  return make_float4(v.x * factor, v.y * factor, v.z * factor, v.w * factor);
}

__device__ inline float4 added(float4 sum, float weight, float4 v) {
  return make_float4(fmaf(weight, v.x, sum.x), fmaf(weight, v.y, sum.y), fmaf(weight, v.z, sum.z),
                     fmaf(weight, v.w, sum.w));
}

// Which part of a head a thread has: the lanes of a group share a key, 4 columns each.
template <int kDim>
struct Lane {
  static constexpr int kLanes = kDim / 4, kGroups = kThreads / kLanes;
  int group = threadIdx.x / kLanes, column = threadIdx.x % kLanes * 4;

  __device__ static float sum(float x) {
#pragma unroll
    for (int offset = kLanes / 2; offset > 0; offset /= 2) x += __shfl_xor_sync(0xffffffffu, x, offset);
    return x;
  }
};

// The softmax over the keys that a group has seen, and the values weighted by it, without the factor 1 / sum.
struct Softmax {
  float top = -INFINITY, sum = 0;
  float4 values = make_float4(0, 0, 0, 0);
};

template <int kDim, int kMany>
struct Results {
  static constexpr int kGroups = Lane<kDim>::kGroups;
  float top[kMany][kGroups], sum[kMany][kGroups];
  float4 values[kMany][kGroups][kDim / 4];
};

// softmax(query · keysᵀ) · values for `count` queries of one head. Key i is at place_of(i), its value `to_value` elements
// behind it. A group of lanes sees the keys group, group + kGroups, …: the order of sums depends on `length` only.
// contexts: of the first query, then one every context_stride elements.
template <int kDim, int kMany, class Stored, class PlaceOf>
__device__ inline void attend(const float4 (&queries)[kMany], int count, int length, int head_dim, int to_value,
                              bool aligned, const PlaceOf& place_of, Stored* contexts, size_t context_stride) {
  using Part = Lane<kDim>;
  __shared__ Results<kDim, kMany> results;
  const Part part;
  const int rest = head_dim - part.column;
  Softmax softmax[kMany];
  for (int first = part.group; first - part.group < length; first += Part::kGroups * kAhead) {
    float4 keys[kAhead], values[kAhead];
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
      const int position = first + i * Part::kGroups;
      const bool exists = position < length;
      const Stored* place = place_of(exists ? position : length - 1) + part.column;
      keys[i] = load_stored(place, exists ? rest : 0, aligned);
      values[i] = load_stored(place + to_value, exists ? rest : 0, aligned);
    }
#pragma unroll
    for (int query = 0; query < kMany; ++query) {
      if (query >= count) break;
      Softmax& own = softmax[query];
      float scores[kAhead], top = own.top;
#pragma unroll
      for (int i = 0; i < kAhead; ++i) {
        scores[i] = Part::sum(dot(queries[query], keys[i]));
        if (first + i * Part::kGroups < length) top = fmaxf(top, scores[i]);
      }
      const float factor = top == own.top ? 1.0f : expf(own.top - top);
      own.top = top;
      own.sum *= factor;
      own.values = scaled(own.values, factor);
#pragma unroll
      for (int i = 0; i < kAhead; ++i) {
        const float weight = first + i * Part::kGroups < length ? expf(scores[i] - top) : 0.0f;
        own.sum += weight;
        own.values = added(own.values, weight, values[i]);
      }
    }
  }
#pragma unroll
  for (int query = 0; query < kMany; ++query) {
    results.values[query][part.group][part.column / 4] = softmax[query].values;
    if (part.column > 0) continue;
    results.top[query][part.group] = softmax[query].top;
    results.sum[query][part.group] = softmax[query].sum;
  }
  __syncthreads();
  // A warp combines the groups of a query, in their order.
  for (int query = threadIdx.x / 32; query < count; query += kThreads / 32) {
    float top = -INFINITY;
    for (int group = 0; group < Part::kGroups; ++group) top = fmaxf(top, results.top[query][group]);
    for (int column = threadIdx.x % 32 * 4; column < head_dim; column += 128) {
      float sum = 0;
      float4 total = make_float4(0, 0, 0, 0);
      for (int group = 0; group < Part::kGroups; ++group) {
        const float factor = expf(results.top[query][group] - top);
        sum = fmaf(factor, results.sum[query][group], sum);
        total = added(total, factor, results.values[query][group][column / 4]);
      }
      store_four(contexts + query * context_stride + column, scaled(total, 1.0f / sum), head_dim - column);
    }
  }
}

// Keeps the keys and values of the newest tokens in their places, and computes the context of the queries.
template <int kDim, class Stored>
__device__ inline void attend_past(const Projection& projection, Stored* const* history, Stored* contexts, int length,
                                   int capacity, int layer, int heads, int head_dim, float scale) {
  const Lane<kDim> lane;
  const int row = blockIdx.x, head = blockIdx.y, embed = heads * head_dim, to_value = embed;
  const int column = head * head_dim + lane.column, rest = head_dim - lane.column;
  const size_t in_place = static_cast<size_t>(layer) * 2 * embed + head * head_dim;
  Stored* const* places = history + static_cast<size_t>(row) * capacity;
  if (lane.group == 0) {
    Stored* newest = places[length - 1] + in_place + lane.column;
    store_four(newest, projection.load(row, embed + column, rest), rest);
    store_four(newest + to_value, projection.load(row, 2 * embed + column, rest), rest);
  }
  const float4 query[1] = {scaled(projection.load(row, column, rest), scale)};
  __syncthreads();  // the newest place is written
  const bool aligned = head_dim % 4 == 0;
  attend<kDim>(query, 1, length, head_dim, to_value, aligned, [&](int position) { return places[position] + in_place; },
               contexts + static_cast<size_t>(row) * embed + head * head_dim, 0);
}

// The context of the queries of one sentence, whose hypotheses share keys and values [source rows, 2 · embed].
template <int kDim, class Stored>
__device__ inline void attend_source(const Projection& projection, const Stored* key_value, const int* sentences,
                                     const int* starts, Stored* contexts, int beams, int heads, int head_dim,
                                     float scale) {
  const Lane<kDim> lane;
  const int head = blockIdx.y, embed = heads * head_dim, first_beam = blockIdx.z * kQueries;
  const int row = blockIdx.x * beams + first_beam, count = min(kQueries, beams - first_beam);
  const int sentence = sentences[blockIdx.x], start = starts[sentence], length = starts[sentence + 1] - start;
  float4 queries[kQueries];
#pragma unroll
  for (int i = 0; i < kQueries; ++i) {
    const int rest = i < count ? head_dim - lane.column : 0;
    queries[i] = scaled(projection.load(min(row + i, projection.rows - 1), head * head_dim + lane.column, rest), scale);
  }
  const Stored* keys = key_value + static_cast<size_t>(start) * 2 * embed + head * head_dim;
  attend<kDim>(queries, count, length, head_dim, embed, head_dim % 4 == 0,
               [&](int position) { return keys + static_cast<size_t>(position) * 2 * embed; },
               contexts + static_cast<size_t>(row) * embed + head * head_dim, embed);
}

}  // namespace

// after[i] = before[parents[i]] followed by the address of the new place i: places + i · place_bytes.
// before [.., before_capacity], after [rows, capacity], parents [rows]; length: positions in `before`. Grid: [rows].
BOUNDED_KERNEL(kThreads, 8, extend_history,
               (const uint64_t* before, uint64_t* after, const int* parents, uint64_t places, int length,
                int before_capacity, int capacity, int place_bytes)) {
  const int row = blockIdx.x;
  uint64_t* to = after + static_cast<size_t>(row) * capacity;
  for (int position = threadIdx.x; position < length; position += kThreads) {
    to[position] = before[static_cast<size_t>(parents[row]) * before_capacity + position];
  }
  if (threadIdx.x == 0) to[length] = places + static_cast<uint64_t>(row) * place_bytes;
}

// Projections [rows, 3 · embed] = [q | k | v] → contexts [rows, embed]. length: positions with the newest one.
// scale: 1 / √headDim. Grid: [rows, heads].
#define ATTEND_PAST(name, Stored, kDim, kBlocks)                                                                    \
  BOUNDED_KERNEL(kThreads, kBlocks, name,                                                                           \
                 (const float* parts, const float* bias, Stored* const* history, Stored* contexts, int count,       \
                  int length, int capacity, int layer, int heads, int head_dim, float scale)) {                     \
    const Projection projection{parts, bias, count, static_cast<int>(gridDim.x), 3 * heads * head_dim};             \
    attend_past<kDim>(projection, history, contexts, length, capacity, layer, heads, head_dim, scale);              \
  }

// Projections [rows, embed] → contexts [rows, embed]. Row i · beams + j is hypothesis j of sentence sentences[i], whose
// rows of key_value are [starts[sentence], starts[sentence + 1]). Grid: [sentences, heads, ⌈beams / 4⌉].
#define ATTEND_SOURCE(name, Stored, kDim, kBlocks)                                                                   \
  BOUNDED_KERNEL(kThreads, kBlocks, name,                                                                            \
                 (const float* parts, const float* bias, const Stored* key_value, const int* sentences,              \
                  const int* starts, Stored* contexts, int count, int beams, int heads, int head_dim, float scale)) { \
    const Projection projection{parts, bias, count, static_cast<int>(gridDim.x) * beams, heads * head_dim};          \
    attend_source<kDim>(projection, key_value, sentences, starts, contexts, beams, heads, head_dim, scale);          \
  }

ATTEND_PAST(attend_past_float32_16, float, 16, 4)
ATTEND_PAST(attend_past_float32_32, float, 32, 4)
ATTEND_PAST(attend_past_float32_64, float, 64, 4)
ATTEND_PAST(attend_past_float32_128, float, 128, 4)
ATTEND_PAST(attend_past_bfloat16_16, bf16, 16, 4)
ATTEND_PAST(attend_past_bfloat16_32, bf16, 32, 4)
ATTEND_PAST(attend_past_bfloat16_64, bf16, 64, 4)
ATTEND_PAST(attend_past_bfloat16_128, bf16, 128, 4)
ATTEND_SOURCE(attend_source_float32_16, float, 16, 4)
ATTEND_SOURCE(attend_source_float32_32, float, 32, 4)
ATTEND_SOURCE(attend_source_float32_64, float, 64, 4)
ATTEND_SOURCE(attend_source_float32_128, float, 128, 4)
ATTEND_SOURCE(attend_source_bfloat16_16, bf16, 16, 4)
ATTEND_SOURCE(attend_source_bfloat16_32, bf16, 32, 4)
ATTEND_SOURCE(attend_source_bfloat16_64, bf16, 64, 4)
ATTEND_SOURCE(attend_source_bfloat16_128, bf16, 128, 4)
