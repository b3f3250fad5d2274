#include "attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../inline.h"
#include "../parallel.h"
#include "../small-gemm.h"
#include "../storage.h"
#include "../vector-math.h"

namespace onednn_backend {

namespace {

constexpr int64_t kQueryBlock = 48;  // queries whose scores are in memory at once; a multiple of the kernel's 6 rows
constexpr float kInfinity = std::numeric_limits<float>::infinity();

}  // namespace

// All keys of a sentence that are not padding are in [begin, end). `begin` is rounded down to a whole Philox block.
struct KeyRange {
  int64_t begin, end;
  int64_t count() const { return end - begin; }
};

INLINE KeyRange visible_keys(const int32_t* padding, int64_t source) {
  int64_t begin = 0, end = source;
  while (end > 0 && padding[end - 1]) end--;
  while (begin < end && padding[begin]) begin++;
  return {begin / 4 * 4, end};
}

// One (sentence, head): its queries and keys in the packed projections.
struct AttentionHead {
  const float *query, *key, *value;
  int64_t query_stride, key_stride, value_stride;
  const int32_t* padding;
  KeyRange keys;
  int64_t target, source, head_dim;
  int64_t dropout_row;  // the row of the dropout mask for query 0
  int64_t dropout_columns;
  bool causal;

  float scale() const { return 1.0f / std::sqrt(static_cast<float>(head_dim)); }
  int64_t padded_dim() const { return pad_to_panel(head_dim); }
  int64_t padded_keys() const { return pad_to_panel(keys.count()); }
  // The number of keys that query i may see, counted from keys.begin.
  int64_t visible(int64_t i) const {
    return causal ? std::clamp<int64_t>(i + 1 - keys.begin, 0, keys.count()) : keys.count();
  }
};

// Cuts buffers from one piece of memory. With a null pointer it only counts elements.
class ScratchCutter {
 public:
  explicit ScratchCutter(float* memory) : memory_(memory) {}
  float* take(int64_t elements) {
    float* taken = memory_ == nullptr ? nullptr : memory_ + used_;
    used_ += pad_to_panel(elements);
    return taken;
  }
  int64_t used() const { return used_; }

 private:
  float* memory_;
  int64_t used_ = 0;
};

struct ForwardBuffers {
  float *key_transposed, *value, *bias, *mask, *query, *scores, *output;

  ForwardBuffers(ScratchCutter& scratch, int64_t dim, int64_t keys)
      : key_transposed(scratch.take(dim * keys)),
        value(scratch.take(keys * dim)),
        bias(scratch.take(keys)),
        mask(scratch.take(keys + kPhiloxElements)),
        query(scratch.take(kQueryBlock * dim)),
        scores(scratch.take(kQueryBlock * keys)),
        output(scratch.take(kQueryBlock * dim)) {}
};

struct BackwardBuffers {
  float *key_transposed, *value_transposed, *key, *d_key, *d_value, *bias, *mask;
  float *query, *d_context, *d_query, *scores, *products;

  BackwardBuffers(ScratchCutter& scratch, int64_t dim, int64_t keys)
      : key_transposed(scratch.take(dim * keys)),
        value_transposed(scratch.take(dim * keys)),
        key(scratch.take(keys * dim)),
        d_key(scratch.take(keys * dim)),
        d_value(scratch.take(keys * dim)),
        bias(scratch.take(keys)),
        mask(scratch.take(keys + kPhiloxElements)),
        query(scratch.take(kQueryBlock * dim)),
        d_context(scratch.take(kQueryBlock * dim)),
        d_query(scratch.take(kQueryBlock * dim)),
        scores(scratch.take(kQueryBlock * keys)),
        products(scratch.take(kQueryBlock * keys)) {}
};

// Takes the buffers of a head from the scratch memory of the calling thread.
template <class Buffers>
Buffers cut_buffers(const AttentionHead& head) {
  ScratchCutter counter(nullptr);
  Buffers(counter, head.padded_dim(), head.padded_keys());
  ScratchCutter cutter(thread_scratch(counter.used()));
  return Buffers(cutter, head.padded_dim(), head.padded_keys());
}

// 0 for a visible key, −∞ for padding and for the columns that fill the last panel.
INLINE void key_bias(const AttentionHead& head, float* bias) {
  const int64_t count = head.keys.count();
  for (int64_t j = 0; j < count; j++) bias[j] = head.padding[head.keys.begin + j] ? -kInfinity : 0.0f;
  for (int64_t j = count; j < head.padded_keys(); j++) bias[j] = -kInfinity;
}

// The loop covers whole panels, so that it has no remainder. Columns from `visible` on count as −∞.
INLINE float masked_score(float score, float bias, int64_t column, int64_t visible) {
  return static_cast<int32_t>(column) < static_cast<int32_t>(visible) ? score + bias : -kInfinity;
}

INLINE float maximum_of(const float (&lanes)[kPanel]) {
  float top = lanes[0];
  for (int64_t lane = 1; lane < kPanel; lane++) top = lanes[lane] > top ? lanes[lane] : top;
  return top;
}

INLINE float sum_of_lanes(const float (&lanes)[kPanel]) {
  float half[kPanel / 2], quarter[kPanel / 4];
  for (int64_t lane = 0; lane < kPanel / 2; lane++) half[lane] = lanes[lane] + lanes[lane + kPanel / 2];
  for (int64_t lane = 0; lane < kPanel / 4; lane++) quarter[lane] = half[lane] + half[lane + kPanel / 4];
  return (quarter[0] + quarter[2]) + (quarter[1] + quarter[3]);
}

// scores[i, :] ← softmax, with zeros for hidden keys. Returns the log-sum-exp, or 0 for a row of zeros.
INLINE float masked_softmax_row(float* scores, const float* bias, int64_t visible, int64_t columns) {
  float tops[kPanel], sums[kPanel];
  for (int64_t lane = 0; lane < kPanel; lane++) tops[lane] = -kInfinity, sums[lane] = 0;
  for (int64_t first = 0; first < columns; first += kPanel) {
    for (int64_t lane = 0; lane < kPanel; lane++) {
      const float score = masked_score(scores[first + lane], bias[first + lane], first + lane, visible);
      scores[first + lane] = score;
      tops[lane] = score > tops[lane] ? score : tops[lane];
    }
  }
  const float top = maximum_of(tops);
  if (top == -kInfinity) {
    for (int64_t j = 0; j < columns; j++) scores[j] = 0;
    return 0;
  }
  for (int64_t first = 0; first < columns; first += kPanel) {
    for (int64_t lane = 0; lane < kPanel; lane++) {
      scores[first + lane] = vector_exp(scores[first + lane] - top);
      sums[lane] += scores[first + lane];
    }
  }
  const float sum = sum_of_lanes(sums), inverse = 1.0f / sum;
  for (int64_t first = 0; first < columns; first += kPanel) {
    for (int64_t lane = 0; lane < kPanel; lane++) scores[first + lane] *= inverse;
  }
  return top + std::log(sum);
}

INLINE void multiply_row(float* row, const float* mask, int64_t columns) {
  for (int64_t first = 0; first < columns; first += kPanel) {
    for (int64_t lane = 0; lane < kPanel; lane++) row[first + lane] *= mask[first + lane];
  }
}

void attention_head(const AttentionHead& head, const Dropout& dropout, const ForwardBuffers& buffers, float* context,
                    int64_t context_stride, float* log_sum_exp) {
  const int64_t dim = head.padded_dim(), keys = head.padded_keys(), count = head.keys.count();
  const auto [key_transposed, value, bias, mask, query, scores, output] = buffers;
  pack_transposed(head.key + head.keys.begin * head.key_stride, head.key_stride, key_transposed, keys, count,
                  head.head_dim);
  pack_rows(head.value + head.keys.begin * head.value_stride, head.value_stride, 1.0f, value, dim, count,
            head.head_dim);
  key_bias(head, bias);
  for (int64_t first = 0; first < head.target; first += kQueryBlock) {
    const int64_t rows = std::min(kQueryBlock, head.target - first);
    const int64_t seen = head.visible(first + rows - 1), columns = pad_to_panel(seen);
    pack_rows(head.query + first * head.query_stride, head.query_stride, head.scale(), query, dim, rows, head.head_dim);
    small_gemm({query, dim, 1}, key_transposed, keys, scores, keys, rows, columns, head.head_dim, false);
    for (int64_t i = 0; i < rows; i++) {
      const int64_t visible = head.visible(first + i);
      float* row = scores + i * keys;
      log_sum_exp[first + i] = masked_softmax_row(row, bias, visible, columns);
      if (!dropout.active()) continue;
      dropout_row_mask(dropout, head.dropout_row + first + i, head.dropout_columns, head.keys.begin,
                       head.keys.begin + columns, mask);
      multiply_row(row, mask, columns);
    }
    small_gemm({scores, keys, 1}, value, dim, output, dim, rows, dim, seen, false);
    for (int64_t i = 0; i < rows; i++) {
      std::memcpy(context + (first + i) * context_stride, output + i * dim, head.head_dim * sizeof(float));
    }
  }
}

struct AttentionHeadGrad {
  const float *context, *d_context, *log_sum_exp;
  int64_t context_stride;
  float *d_query, *d_key, *d_value;
  int64_t d_query_stride, d_key_stride, d_value_stride;
};

INLINE void copy_rows(const float* source, int64_t source_stride, float* target, int64_t target_stride, int64_t rows,
                      int64_t columns) {
  for (int64_t row = 0; row < rows; row++) {
    std::memcpy(target + row * target_stride, source + row * source_stride, columns * sizeof(float));
  }
}

INLINE void zero_rows(float* target, int64_t stride, int64_t rows, int64_t columns) {
  for (int64_t row = 0; row < rows; row++) std::memset(target + row * stride, 0, columns * sizeof(float));
}

// weights ← P ∘ M, products (dContext · vᵀ) ← dS without the factor 1/√headDim
INLINE void score_grad_row(float* weights, float* products, const float* bias, const float* mask, float log_sum_exp,
                           float delta, int64_t visible, int64_t columns) {
  for (int64_t first = 0; first < columns; first += kPanel) {
    float p[kPanel], m[kPanel];
    for (int64_t lane = 0; lane < kPanel; lane++) {
      const float score = masked_score(weights[first + lane], bias[first + lane], first + lane, visible);
      p[lane] = vector_exp(score - log_sum_exp);
    }
    for (int64_t lane = 0; lane < kPanel; lane++) m[lane] = mask == nullptr ? 1.0f : mask[first + lane];
    for (int64_t lane = 0; lane < kPanel; lane++) {
      weights[first + lane] = p[lane] * m[lane];
      products[first + lane] = p[lane] * (m[lane] * products[first + lane] - delta);
    }
  }
}

void attention_head_grad(const AttentionHead& head, const AttentionHeadGrad& grad, const Dropout& dropout,
                         const BackwardBuffers& buffers) {
  const int64_t dim = head.padded_dim(), keys = head.padded_keys(), count = head.keys.count();
  const auto [key_transposed, value_transposed, key, d_key, d_value, bias, mask, query, d_context, d_query, scores,
              products] = buffers;
  const float* key_rows = head.key + head.keys.begin * head.key_stride;
  const float* value_rows = head.value + head.keys.begin * head.value_stride;
  pack_transposed(key_rows, head.key_stride, key_transposed, keys, count, head.head_dim);
  pack_transposed(value_rows, head.value_stride, value_transposed, keys, count, head.head_dim);
  pack_rows(key_rows, head.key_stride, head.scale(), key, dim, count, head.head_dim);
  zero_rows(d_key, dim, count, dim);
  zero_rows(d_value, dim, count, dim);
  key_bias(head, bias);
  for (int64_t first = 0; first < head.target; first += kQueryBlock) {
    const int64_t rows = std::min(kQueryBlock, head.target - first);
    const int64_t seen = head.visible(first + rows - 1), columns = pad_to_panel(seen);
    const float* d_context_rows = grad.d_context + first * grad.context_stride;
    const float* context_rows = grad.context + first * grad.context_stride;
    pack_rows(head.query + first * head.query_stride, head.query_stride, head.scale(), query, dim, rows, head.head_dim);
    pack_rows(d_context_rows, grad.context_stride, 1.0f, d_context, dim, rows, head.head_dim);
    small_gemm({query, dim, 1}, key_transposed, keys, scores, keys, rows, columns, head.head_dim, false);
    small_gemm({d_context, dim, 1}, value_transposed, keys, products, keys, rows, columns, head.head_dim, false);
    for (int64_t i = 0; i < rows; i++) {
      const int64_t visible = head.visible(first + i);
      float delta = 0;
      const float *output = context_rows + i * grad.context_stride, *d_output = d_context + i * dim;
#pragma omp simd reduction(+ : delta)
      for (int64_t j = 0; j < head.head_dim; j++) delta += output[j] * d_output[j];
      if (dropout.active()) {
        dropout_row_mask(dropout, head.dropout_row + first + i, head.dropout_columns, head.keys.begin,
                         head.keys.begin + columns, mask);
      }
      score_grad_row(scores + i * keys, products + i * keys, bias, dropout.active() ? mask : nullptr,
                     grad.log_sum_exp[first + i], delta, visible, columns);
    }
    small_gemm({products, keys, 1}, key, dim, d_query, dim, rows, dim, seen, false);
    small_gemm({products, 1, keys}, query, dim, d_key, dim, seen, dim, rows, true);
    small_gemm({scores, 1, keys}, d_context, dim, d_value, dim, seen, dim, rows, true);
    copy_rows(d_query, dim, grad.d_query + first * grad.d_query_stride, grad.d_query_stride, rows, head.head_dim);
  }
  copy_rows(d_key, dim, grad.d_key + head.keys.begin * grad.d_key_stride, grad.d_key_stride, count, head.head_dim);
  copy_rows(d_value, dim, grad.d_value + head.keys.begin * grad.d_value_stride, grad.d_value_stride, count,
            head.head_dim);
}

namespace {

// The rows of one sequence and head.
struct HeadRows {
  int64_t query, target, key, source;  // first query, queries, first key, keys
  int64_t column;                      // the first element of the head in a row
  int64_t mask_row;                    // the row of the dropout mask for the first query
};

HeadRows head_rows(const Projection& query, const Projection& key, const AttentionShape& shape, int64_t index) {
  const int64_t sequence = index / shape.heads, head = index % shape.heads;
  const int64_t first_query = query.starts[sequence], target = query.starts[sequence + 1] - first_query;
  const int64_t first_key = key.starts[sequence], source = key.starts[sequence + 1] - first_key;
  return {first_query, target, first_key, source, head * shape.head_dim, shape.heads * first_query + head * target};
}

AttentionHead make_head(const Projection& query, const Projection& key, const Projection& value,
                        const int32_t* key_padding, const AttentionShape& shape, const HeadRows& rows) {
  const int32_t* padding = key_padding + rows.key;
  return {query.values + rows.query * query.stride + rows.column,
          key.values + rows.key * key.stride + rows.column,
          value.values + rows.key * value.stride + rows.column,
          query.stride,
          key.stride,
          value.stride,
          padding,
          visible_keys(padding, rows.source),
          rows.target,
          rows.source,
          shape.head_dim,
          rows.mask_row,
          shape.longest_key,
          shape.causal};
}

}  // namespace

void attention(const Projection& query, const Projection& key, const Projection& value, const int32_t* key_padding,
               float* context, float* log_sum_exp, const AttentionShape& shape, const Dropout& dropout) {
  parallel_tasks(shape.sequences * shape.heads, [&](int64_t index) {
    const HeadRows rows = head_rows(query, key, shape, index);
    const AttentionHead head = make_head(query, key, value, key_padding, shape, rows);
    const ForwardBuffers buffers = cut_buffers<ForwardBuffers>(head);
    float* output = context + rows.query * shape.embed() + rows.column;
    attention_head(head, dropout, buffers, output, shape.embed(), log_sum_exp + rows.mask_row);
  });
}

void attention_grad(const Projection& query, const Projection& key, const Projection& value, const int32_t* key_padding,
                    const float* context, const float* log_sum_exp, const float* d_context,
                    const ProjectionGrad& d_query, const ProjectionGrad& d_key, const ProjectionGrad& d_value,
                    const AttentionShape& shape, const Dropout& dropout) {
  parallel_tasks(shape.sequences * shape.heads, [&](int64_t index) {
    const HeadRows rows = head_rows(query, key, shape, index);
    const AttentionHead head = make_head(query, key, value, key_padding, shape, rows);
    const int64_t offset = rows.query * shape.embed() + rows.column;
    const AttentionHeadGrad grad{context + offset,
                                 d_context + offset,
                                 log_sum_exp + rows.mask_row,
                                 shape.embed(),
                                 d_query.values + rows.query * d_query.stride + rows.column,
                                 d_key.values + rows.key * d_key.stride + rows.column,
                                 d_value.values + rows.key * d_value.stride + rows.column,
                                 d_query.stride,
                                 d_key.stride,
                                 d_value.stride};
    // Keys outside the visible range get no gradient.
    zero_rows(grad.d_key, d_key.stride, head.keys.begin, shape.head_dim);
    zero_rows(grad.d_value, d_value.stride, head.keys.begin, shape.head_dim);
    const int64_t hidden = rows.source - head.keys.end;
    zero_rows(grad.d_key + head.keys.end * d_key.stride, d_key.stride, hidden, shape.head_dim);
    zero_rows(grad.d_value + head.keys.end * d_value.stride, d_value.stride, hidden, shape.head_dim);
    attention_head_grad(head, grad, dropout, cut_buffers<BackwardBuffers>(head));
  });
}

}  // namespace onednn_backend
