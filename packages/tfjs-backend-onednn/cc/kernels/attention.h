#pragma once

#include <cstdint>

#include "../philox.h"

namespace onednn_backend {

struct AttentionShape {
  int64_t sequences, heads, head_dim, longest_key;
  bool causal;

  int64_t embed() const { return heads * head_dim; }
};

// A part of packed projections: [rows, heads, headDim] whose rows are `stride` elements apart. Sequence s has the rows
// [starts[s], starts[s + 1]).
struct Projection {
  const float* values;
  int64_t stride;
  const int32_t* starts;
};

struct ProjectionGrad {
  float* values;
  int64_t stride;
};

// For each (sequence, head):  P = softmax(q · kᵀ / √headDim + mask), context = (P ∘ dropout mask) · v
// key_padding [key rows], 1 = padding; context [query rows, embed]; log_sum_exp [heads · query rows] of the masked
// scores. log_sum_exp of query i, and its row of the dropout mask, is at heads · start + head · length + i. A query
// that sees no key has context 0.
void attention(const Projection& query, const Projection& key, const Projection& value, const int32_t* key_padding,
               float* context, float* log_sum_exp, const AttentionShape& shape, const Dropout& dropout);

// Recomputes P from log_sum_exp. With M the dropout mask, A = dContext · vᵀ and D = rowsum(dContext ∘ context):
//   dS = P ∘ (M ∘ A − D) / √headDim,  dq = dS · k,  dk = dSᵀ · q,  dv = (P ∘ M)ᵀ · dContext
void attention_grad(const Projection& query, const Projection& key, const Projection& value, const int32_t* key_padding,
                    const float* context, const float* log_sum_exp, const float* d_context,
                    const ProjectionGrad& d_query, const ProjectionGrad& d_key, const ProjectionGrad& d_value,
                    const AttentionShape& shape, const Dropout& dropout);

}  // namespace onednn_backend
