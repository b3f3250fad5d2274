#pragma once

#include <cstdint>
#include <vector>

#include "../float-array.h"

namespace onednn_backend {

struct ClassifierShape {
  int64_t rows, embed, classes;
  int64_t functions;  // the number of functions
  int64_t chunk;      // rows of a chunk of logits, at least 1 if there are rows
};

// logits = features · weightsᵀ, a chunk of rows at a time; for each row of logits z
//   target_log_prob = log p(target), mean_log_prob = (1/V) Σ_v log p_v, predictions = argmax z (the lowest index),
//   sums[k] = Σ_v f_k(p_v)
// features [rows, embed], weights [classes, embed], targets [rows]; sums: one array [rows] per function.
// functions [functions, kClassFields]: see class_functions.
// kept: rows · (classes + 2 + functions) floats for each of the first chunks, for the backward pass. The backward pass
// computes the logits of the other chunks again.
// Throws std::out_of_range for a target that is not a class, std::invalid_argument for kept arrays of other sizes.
void classifier_statistics(const float* features, const float* weights, const int32_t* targets, float* target_log_prob,
                           float* mean_log_prob, int32_t* predictions, const std::vector<FloatArray>& kept,
                           const std::vector<FloatArray>& sums, const double* functions, const ClassifierShape& shape);

// Overwrites the logits of a chunk with their gradient. With h_v = Σ_k g_k · p_v · f_k′(p_v):
//   dz_v = g_t · (1[v = target] − p_v) + g_m · (1/V − p_v) + h_v − p_v · Σ_u h_u
//   dFeatures = dz · weights, dWeights (+)= dzᵀ · features
void classifier_statistics_grad(const float* features, const float* weights, const int32_t* targets,
                                const float* d_target_log_prob, const float* d_mean_log_prob,
                                const std::vector<FloatArray>& kept, const std::vector<FloatArray>& d_sums,
                                float* d_features, float* d_weights, const double* functions,
                                const ClassifierShape& shape, bool accumulate_weights);

}  // namespace onednn_backend
