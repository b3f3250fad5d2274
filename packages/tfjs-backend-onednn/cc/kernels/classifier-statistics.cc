#include "classifier-statistics.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>

#include "../inline.h"
#include "../matmul.h"
#include "../parallel.h"
#include "../storage.h"
#include "../vector-math.h"
#include "row-operations.h"

namespace onednn_backend {

struct RowMaximum {
  int64_t index;
  float value, sum;  // sum of all scores
};

INLINE RowMaximum maximum_and_sum(const float* z, int64_t classes) {
  float top = -std::numeric_limits<float>::infinity(), sum = 0;
#pragma omp simd reduction(max : top) reduction(+ : sum)
  for (int64_t v = 0; v < classes; v++) {
    top = z[v] > top ? z[v] : top;
    sum += z[v];
  }
  return {first_index_of(z, classes, top), top, sum};
}

// z[v] ← exp(z[v] − top); returns their sum. The sum is kept in lanes of blocks, so that its error stays small.
INLINE float exponentiate(float* z, int64_t begin, int64_t end, float top) {
  float total = 0;
  for (int64_t first = begin; first < end; first += kClassBlock) {
    const int64_t last = std::min(first + kClassBlock, end);
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t v = first; v < last; v++) {
      z[v] = vector_exp(z[v] - top);
      sum += z[v];
    }
    total += sum;
  }
  return total;
}

// A row of logits z, turned into e[v] = exp(z[v] − max) but for the class `top`, where the maximum stays.
struct RowExponentials {
  int64_t top;
  float others;  // Σ e[v] without the class `top`

  float inverse() const { return 1.0f / (1.0f + others); }
};

INLINE RowExponentials exponentiate_row(float* z, int64_t classes, const RowMaximum& top) {
  return {top.index, exponentiate(z, 0, top.index, top.value) + exponentiate(z, top.index + 1, classes, top.value)};
}

// p[i] = inverse · e[i];  the class `top`, which has a code of its own, counts as p = 0.
INLINE void block_probabilities(const float* e, float inverse, int64_t first, int64_t count, int64_t top, float* p) {
  for (int64_t i = 0; i < count; i++) p[i] = inverse * e[first + i];
  if (top >= first && top < first + count) p[top - first] = 0;
}

// Σ_v f(p_v) without the class `top`.
INLINE float sum_over_classes(const ClassFunction& f, const float* e, float inverse, int64_t classes, int64_t top) {
  float p[kClassBlock], values[kClassBlock], total = 0;
  for (int64_t first = 0; first < classes; first += kClassBlock) {
    const int64_t count = std::min(kClassBlock, classes - first);
    block_probabilities(e, inverse, first, count, top, p);
    for (int64_t i = 0; i < count; i++) values[i] = 0;
    add_class_values(f, p, count, values);
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < count; i++) sum += values[i];
    total += sum;
  }
  return total;
}

struct StatisticsOutputs {
  float *target_log_prob, *mean_log_prob;
  int32_t* predictions;
  float* const* sums;
};

void classifier_rows(float* logits, RowExponentials* exponentials, const int32_t* targets,
                     const StatisticsOutputs& outputs, const ClassFunction* functions, int64_t function_count,
                     int64_t begin, int64_t end, int64_t first_row, int64_t classes) {
  for (int64_t i = begin; i < end; i++) {
    float* z = logits + i * classes;
    const int64_t row = first_row + i;
    const RowMaximum top = maximum_and_sum(z, classes);
    const float target_score = z[targets[row]];
    const RowExponentials row_exponentials = exponentiate_row(z, classes, top);
    if (exponentials != nullptr) exponentials[i] = row_exponentials;
    const float others = row_exponentials.others;
    const float log_sum = std::log1p(others);  // log Σ exp(z − max), accurate as p → 1
    outputs.target_log_prob[row] = (target_score - top.value) - log_sum;
    outputs.mean_log_prob[row] = (top.sum / classes - top.value) - log_sum;
    outputs.predictions[row] = static_cast<int32_t>(top.index);
    const float inverse = row_exponentials.inverse();
    for (int64_t k = 0; k < function_count; k++) {
      outputs.sums[k][row] = sum_over_classes(functions[k], z, inverse, classes, top.index) +
                             class_value(functions[k], inverse, others * inverse);
    }
  }
}

struct StatisticsGradients {
  const float *d_target_log_prob, *d_mean_log_prob;
  const float* const* d_sums;
};

// h_v of a block of classes, 0 for the class `top`.
INLINE void block_gradients(const StatisticsGradients& gradients, const ClassFunction* functions,
                            int64_t function_count, int64_t row, const float* p, int64_t count, float* h) {
  for (int64_t i = 0; i < count; i++) h[i] = 0;
  for (int64_t k = 0; k < function_count; k++) {
    add_class_gradients(functions[k], gradients.d_sums[k][row], p, count, h);
  }
}

// exponentials: of rows that are exponentials already; null for logits.
void classifier_grad_rows(float* logits, const RowExponentials* exponentials, const int32_t* targets,
                          const StatisticsGradients& gradients, const ClassFunction* functions, int64_t function_count,
                          int64_t begin, int64_t end, int64_t first_row, int64_t classes) {
  float p[kClassBlock], h[kClassBlock];
  for (int64_t i = begin; i < end; i++) {
    float* z = logits + i * classes;
    const int64_t row = first_row + i;
    const float g_target = gradients.d_target_log_prob[row], g_mean = gradients.d_mean_log_prob[row];
    const RowExponentials row_exponentials =
        exponentials == nullptr ? exponentiate_row(z, classes, maximum_and_sum(z, classes)) : exponentials[i];
    const int64_t top = row_exponentials.top;
    const float inverse = row_exponentials.inverse(), rest = row_exponentials.others * inverse;  // p, 1 − p of `top`
    float h_top = 0, h_others = 0;
    for (int64_t k = 0; k < function_count; k++) {
      h_top += gradients.d_sums[k][row] * class_gradient(functions[k], inverse, rest);
    }
    if (function_count > 0) {
      for (int64_t first = 0; first < classes; first += kClassBlock) {
        const int64_t count = std::min(kClassBlock, classes - first);
        block_probabilities(z, inverse, first, count, top, p);
        block_gradients(gradients, functions, function_count, row, p, count, h);
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t v = 0; v < count; v++) sum += h[v];
        h_others += sum;
      }
    }
    const float mean_part = g_mean / classes;
    const float slope = -(g_target + g_mean + h_top + h_others);
    if (function_count == 0) {
      const float factor = slope * inverse;
      for (int64_t v = 0; v < classes; v++) z[v] = factor * z[v] + mean_part;
    } else {
      for (int64_t first = 0; first < classes; first += kClassBlock) {
        const int64_t count = std::min(kClassBlock, classes - first);
        block_probabilities(z, inverse, first, count, top, p);
        block_gradients(gradients, functions, function_count, row, p, count, h);
        for (int64_t v = 0; v < count; v++) z[first + v] = slope * p[v] + mean_part + h[v];
      }
    }
    const int64_t target = targets[row];
    // The top class: 1 − p from the sum of the others, h_top − p · Σh = (1 − p) · h_top − p · h_others.
    z[top] = (target == top ? g_target * rest : -g_target * inverse) + (mean_part - g_mean * inverse) +
                   (h_top * rest - h_others * inverse);
    if (target != top) z[target] += g_target;
  }
}

namespace {

// A chunk of logits should stay in the last-level cache between the product that makes it and those that read it.
constexpr int64_t kChunkBytes = 8 << 20;

int64_t chunk_rows(const ClassifierShape& shape) {
  const int64_t fitting = kChunkBytes / static_cast<int64_t>(sizeof(float)) / std::max<int64_t>(shape.classes, 1);
  return std::min(shape.rows, std::max<int64_t>(kProductRows, fitting / kProductRows * kProductRows));
}

// The kept memory: exponentials [rows, classes], then a RowExponentials for each row, unaligned.
class KeptRows {
 public:
  KeptRows(float* kept, const ClassifierShape& shape) : kept_(kept), shape_(shape) {}
  explicit operator bool() const { return kept_ != nullptr; }
  float* logits(int64_t row) const { return kept_ + row * shape_.classes; }

  void store(int64_t row, const RowExponentials& value) const {
    const int32_t top = static_cast<int32_t>(value.top);
    std::memcpy(pair(row), &top, sizeof top);
    std::memcpy(pair(row) + 1, &value.others, sizeof value.others);
  }
  RowExponentials load(int64_t row) const {
    int32_t top;
    float others;
    std::memcpy(&top, pair(row), sizeof top);
    std::memcpy(&others, pair(row) + 1, sizeof others);
    return {top, others};
  }

 private:
  float* pair(int64_t row) const { return kept_ + shape_.rows * shape_.classes + 2 * row; }
  float* kept_;
  const ClassifierShape& shape_;
};

void check_targets(const int32_t* targets, const ClassifierShape& shape) {
  for (int64_t row = 0; row < shape.rows; row++) {
    if (targets[row] < 0 || targets[row] >= shape.classes) {
      throw std::out_of_range("target " + std::to_string(targets[row]) + " of row " + std::to_string(row) +
                              " is outside " + std::to_string(shape.classes) + " classes");
    }
  }
}

}  // namespace

void classifier_statistics(const float* features, const float* weights, const int32_t* targets, float* target_log_prob,
                           float* mean_log_prob, int32_t* predictions, float* kept, const std::vector<float*>& sums,
                           const std::vector<ClassFunction>& functions, const ClassifierShape& shape) {
  check_targets(targets, shape);
  const int64_t chunk = chunk_rows(shape);
  const KeptRows keep(kept, shape);
  static Buffer converted, packed;
  Weights projection(weights, shape.embed, shape.classes, true, packed);
  float* scratch = keep ? nullptr : thread_scratch(chunk * shape.classes);
  std::vector<RowExponentials> exponentials(keep ? chunk : 0);
  const StatisticsOutputs outputs{target_log_prob, mean_log_prob, predictions, sums.data()};
  for (int64_t first = 0; first < shape.rows; first += chunk) {
    const int64_t rows = std::min(chunk, shape.rows - first);
    float* logits = keep ? keep.logits(first) : scratch;
    multiply(Activations(features + first * shape.embed, nullptr, rows, shape.embed, converted), projection, {nullptr, false},
             logits);
    parallel_ranges(rows, 1, [&](int64_t begin, int64_t end) {
      classifier_rows(logits, keep ? exponentials.data() : nullptr, targets, outputs, functions.data(),
                      functions.size(), begin, end, first, shape.classes);
    });
    if (!keep) continue;
    for (int64_t i = 0; i < rows; i++) keep.store(first + i, exponentials[i]);
  }
}

void classifier_statistics_grad(const float* features, const float* weights, const int32_t* targets,
                                const float* d_target_log_prob, const float* d_mean_log_prob, float* kept,
                                const std::vector<const float*>& d_sums, float* d_features, float* d_weights,
                                const std::vector<ClassFunction>& functions, const ClassifierShape& shape,
                                bool accumulate_weights) {
  check_targets(targets, shape);
  const int64_t chunk = chunk_rows(shape);
  const KeptRows keep(kept, shape);
  static Buffer converted_features, converted_logits, packed, packed_transposed;
  Weights projection(weights, shape.embed, shape.classes, true, packed);
  Weights transposed(weights, shape.classes, shape.embed, false, packed_transposed);
  float* scratch = keep ? nullptr : thread_scratch(chunk * shape.classes);
  std::vector<RowExponentials> exponentials(keep ? chunk : 0);
  const StatisticsGradients gradients{d_target_log_prob, d_mean_log_prob, d_sums.data()};
  if (shape.rows == 0 && !accumulate_weights) std::memset(d_weights, 0, shape.classes * shape.embed * sizeof(float));
  for (int64_t first = 0; first < shape.rows; first += chunk) {
    const int64_t rows = std::min(chunk, shape.rows - first);
    const Activations chunk_features(features + first * shape.embed, nullptr, rows, shape.embed, converted_features);
    float* logits = keep ? keep.logits(first) : scratch;
    if (keep) {
      for (int64_t i = 0; i < rows; i++) exponentials[i] = keep.load(first + i);
    } else {
      multiply(chunk_features, projection, {nullptr, false}, logits);
    }
    parallel_ranges(rows, 1, [&](int64_t begin, int64_t end) {
      classifier_grad_rows(logits, keep ? exponentials.data() : nullptr, targets, gradients, functions.data(),
                           functions.size(), begin, end, first, shape.classes);
    });
    const Activations d_logits(logits, nullptr, rows, shape.classes, converted_logits);
    multiply(d_logits, transposed, {nullptr, false}, d_features + first * shape.embed);
    multiply_transposed(d_logits, chunk_features, d_weights, accumulate_weights || first > 0, {nullptr, false});
  }
}

}  // namespace onednn_backend
