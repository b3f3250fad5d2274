#pragma once

#include <cstdint>
#include <vector>

#include "../class-function.h"

namespace onednn_backend {

struct ClassifierShape {
  int64_t rows, embed, classes;
  int64_t chunk;  // rows of a chunk of logits
};

// logits = features · weightsᵀ, a chunk of rows at a time; for each row of logits z
//   target_log_prob = log p(target), mean_log_prob = (1/V) Σ_v log p_v, predictions = argmax z (the lowest index),
//   sums[k] = Σ_v f_k(p_v)
// features [rows, embed], weights [classes, embed], targets [rows]; sums: one array [rows] for each function.
// kept: for each of the first chunks, rows · (classes + 2 + functions) floats for the backward pass, which computes the logits
// of the others once more.
void classifier_statistics(const float* features, const float* weights, const int32_t* targets, float* target_log_prob,
                           float* mean_log_prob, int32_t* predictions, const std::vector<float*>& kept,
                           const std::vector<float*>& sums,
                           const std::vector<ClassFunction>& functions, const ClassifierShape& shape);

// The logits of a chunk are overwritten by their gradient. With
// h_v = Σ_k g_k · p_v · f_k′(p_v):
//   dz_v = g_t · (1[v = target] − p_v) + g_m · (1/V − p_v) + h_v − p_v · Σ_u h_u
//   dFeatures = dz · weights, dWeights (+)= dzᵀ · features
void classifier_statistics_grad(const float* features, const float* weights, const int32_t* targets,
                                const float* d_target_log_prob, const float* d_mean_log_prob,
                                const std::vector<float*>& kept,
                                const std::vector<const float*>& d_sums, float* d_features, float* d_weights,
                                const std::vector<ClassFunction>& functions, const ClassifierShape& shape,
                                bool accumulate_weights);

}  // namespace onednn_backend
