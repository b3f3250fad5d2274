#include "classifier-statistics.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "../check-range.h"
#include "../class-function.h"
#include "../inline.h"
#include "../matmul.h"
#include "../parallel.h"
#include "../rounding.h"
#include "../storage.h"
#include "../vector-math.h"
#include "row-operations.h"

namespace onednn_backend {

struct RowMaximum {
  int64_t index;
  float value, sum;  // the sum of all scores
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

// A row of logits z that was replaced by e[v] = exp(z[v] − max). The first class of the maximum, `top`, has e = 0 and
// is counted separately, so that 1 − p keeps its digits as p → 1.
struct RowExponentials {
  int64_t top;
  float others;  // Σ e[v]

  float inverse() const { return 1.0f / (1.0f + others); }
};

// e[v] ← exp(e[v] − top) for a block of classes. Returns the sum, and with kPowers the sums of powers. Squares whose
// own square would be below the range of float32 count as 0.
template <bool kPowers>
INLINE PowerSums exponentiate_block(float* e, int64_t count, float top) {
  constexpr float kLeast = 1e-9f;
  float first = 0, second = 0, third = 0, fourth = 0;
#pragma omp simd reduction(+ : first, second, third, fourth)
  for (int64_t v = 0; v < count; v++) {
    const float x = vector_exp(e[v] - top);
    e[v] = x;
    first += x;
    if (kPowers) {
      const float square = x > kLeast ? x * x : 0.0f;
      second += square;
      third += square * x;
      fourth += square * square;
    }
  }
  return {first, second, third, fourth};
}

int64_t class_blocks(int64_t classes) { return ceil_divide(classes, kClassBlock); }

// powers: the power sums of each block of classes, or null. Sums have separate lanes per block, which keeps their error
// small.
INLINE RowExponentials exponentiate_row(float* z, int64_t classes, const RowMaximum& top, PowerSums* powers) {
  z[top.index] = -std::numeric_limits<float>::infinity();
  float others = 0;
  for (int64_t block = 0; block < class_blocks(classes); block++) {
    const int64_t first = block * kClassBlock, count = std::min(kClassBlock, classes - first);
    const PowerSums sums = powers == nullptr ? exponentiate_block<false>(z + first, count, top.value)
                                             : exponentiate_block<true>(z + first, count, top.value);
    if (powers != nullptr) powers[block] = sums;
    others += sums.first;
  }
  return {top.index, others};
}

// Σ_v f(p_v) and Σ_v p_v · f′(p_v), without the class `top`.
struct ClassSums {
  float values, gradients;
};

// Sums f(p) and p · f′(p) of some classes, p = inverse · e, as requested.
INLINE ClassSums sum_over_part(const ClassFunction& f, const float* e, int64_t count, float inverse, bool wants_values,
                               bool wants_gradients) {
  float p[kClassPart], values[kClassPart];
  ClassSums sums{0, 0};
  for (int64_t i = 0; i < count; i++) p[i] = inverse * e[i];
  if (wants_values) {
    for (int64_t i = 0; i < count; i++) values[i] = 0;
    add_class_values(f, p, count, values);
    sums.values = sum_of(values, count);
  }
  if (wants_gradients) {
    for (int64_t i = 0; i < count; i++) values[i] = 0;
    add_class_gradients(f, 1, p, count, values);
    sums.gradients = sum_of(values, count);
  }
  return sums;
}

// powers: the result of exponentiate_row.
INLINE ClassSums sum_over_classes(const ClassFunction& f, const float* e, const PowerSums* powers, float inverse,
                                  int64_t classes, bool wants_values, bool wants_gradients) {
  const bool has_series = has_log_series(f);
  ClassSums total{0, 0};
  for (int64_t block = 0; block < class_blocks(classes); block++) {
    if (has_series && all_small(powers[block], inverse)) {
      total.values += log_series_sum(f, powers[block], inverse);
      total.gradients += log_series_gradient_sum(f, powers[block], inverse);
      continue;
    }
    const int64_t end = std::min((block + 1) * kClassBlock, classes);
    for (int64_t first = block * kClassBlock; first < end; first += kClassPart) {
      const ClassSums sums =
          sum_over_part(f, e + first, std::min(kClassPart, end - first), inverse, wants_values, wants_gradients);
      total.values += sums.values;
      total.gradients += sums.gradients;
    }
  }
  return total;
}

struct StatisticsOutputs {
  float *target_log_prob, *mean_log_prob;
  int32_t* predictions;
  const FloatArray* sums;
};

// exponentials, gradient_sums [rows, functions]: the results for the backward pass, or null. Gradient sums are Σ_v p_v
// · f′(p_v) without the class `top`.
void classifier_rows(float* logits, RowExponentials* exponentials, float* gradient_sums, const int32_t* targets,
                     const StatisticsOutputs& outputs, const ClassFunction* functions, int64_t function_count,
                     int64_t begin, int64_t end, int64_t first_row, int64_t classes) {
  std::vector<PowerSums> powers(function_count > 0 ? class_blocks(classes) : 0);
  for (int64_t i = begin; i < end; i++) {
    float* z = logits + i * classes;
    const int64_t row = first_row + i;
    const RowMaximum top = maximum_and_sum(z, classes);
    const float target_score = z[targets[row]];
    const RowExponentials row_exponentials =
        exponentiate_row(z, classes, top, function_count > 0 ? powers.data() : nullptr);
    if (exponentials != nullptr) exponentials[i] = row_exponentials;
    const float others = row_exponentials.others;
    const float log_sum = std::log1p(others);  // log Σ exp(z − max), accurate as p → 1
    outputs.target_log_prob[row] = (target_score - top.value) - log_sum;
    outputs.mean_log_prob[row] = (top.sum / classes - top.value) - log_sum;
    outputs.predictions[row] = static_cast<int32_t>(top.index);
    const float inverse = row_exponentials.inverse();
    for (int64_t k = 0; k < function_count; k++) {
      const ClassSums sums =
          sum_over_classes(functions[k], z, powers.data(), inverse, classes, true, gradient_sums != nullptr);
      outputs.sums[k].data[row] = sums.values + class_value(functions[k], inverse, others * inverse);
      if (gradient_sums != nullptr) gradient_sums[i * function_count + k] = sums.gradients;
    }
  }
}

struct StatisticsGradients {
  const float *d_target_log_prob, *d_mean_log_prob;
  const FloatArray* d_sums;
};

// e[v] ← slope · p_v + mean_part + Σ_k g_k · p_v · f_k′(p_v) for some classes.
INLINE void logit_gradients(const ClassFunction* functions, const float* weights, int64_t function_count, float* e,
                            int64_t count, float inverse, float slope, float mean_part) {
  float p[kClassPart], h[kClassPart];
  for (int64_t v = 0; v < count; v++) {
    p[v] = inverse * e[v];
    h[v] = 0;
  }
  for (int64_t k = 0; k < function_count; k++) add_class_gradients(functions[k], weights[k], p, count, h);
  for (int64_t v = 0; v < count; v++) e[v] = slope * p[v] + mean_part + h[v];
}

// The same for a single function that has a series, if all p are small: a polynomial in e[v].
INLINE void series_logit_gradients(const ClassFunction& f, float weight, float* e, int64_t count, float inverse,
                                   float slope, float mean_part) {
  const float x = f.scale * inverse, first = -weight * x;
  const float factors[4] = {slope * inverse + first, first * x, first * x * x, first * x * x * x};
  for (int64_t v = 0; v < count; v++) {
    e[v] = e[v] * (factors[0] + e[v] * (factors[1] + e[v] * (factors[2] + e[v] * factors[3]))) + mean_part;
  }
}

// exponentials, gradient_sums: the results of classifier_rows if the rows already are exponentials; null for logits.
void classifier_grad_rows(float* logits, const RowExponentials* exponentials, const float* gradient_sums,
                          const int32_t* targets, const StatisticsGradients& gradients, const ClassFunction* functions,
                          int64_t function_count, int64_t begin, int64_t end, int64_t first_row, int64_t classes) {
  const bool are_logits = exponentials == nullptr;
  std::vector<PowerSums> powers(are_logits && function_count > 0 ? class_blocks(classes) : 0);
  std::vector<float> weights(function_count);
  for (int64_t i = begin; i < end; i++) {
    float* z = logits + i * classes;
    const int64_t row = first_row + i;
    const float g_target = gradients.d_target_log_prob[row], g_mean = gradients.d_mean_log_prob[row];
    const RowExponentials row_exponentials =
        are_logits ? exponentiate_row(z, classes, maximum_and_sum(z, classes), powers.empty() ? nullptr : powers.data())
                   : exponentials[i];
    const int64_t top = row_exponentials.top;
    const float inverse = row_exponentials.inverse(), rest = row_exponentials.others * inverse;  // p, 1 − p of `top`
    float h_top = 0, h_others = 0;
    for (int64_t k = 0; k < function_count; k++) {
      weights[k] = gradients.d_sums[k].data[row];
      const float others =
          are_logits ? sum_over_classes(functions[k], z, powers.data(), inverse, classes, false, true).gradients
                     : gradient_sums[i * function_count + k];
      h_others += weights[k] * others;
      h_top += weights[k] * class_gradient(functions[k], inverse, rest);
    }
    const float mean_part = g_mean / classes;
    const float slope = -(g_target + g_mean + h_top + h_others);
    if (function_count == 0) {
      const float factor = slope * inverse;
      for (int64_t v = 0; v < classes; v++) z[v] = factor * z[v] + mean_part;
    } else {
      const bool has_series = function_count == 1 && has_log_series(functions[0]);
      for (int64_t first = 0; first < classes; first += kClassPart) {
        const int64_t count = std::min(kClassPart, classes - first);
        if (has_series && all_small(z + first, count, inverse)) {
          series_logit_gradients(functions[0], weights[0], z + first, count, inverse, slope, mean_part);
        } else {
          logit_gradients(functions, weights.data(), function_count, z + first, count, inverse, slope, mean_part);
        }
      }
    }
    const int64_t target = targets[row];
    // The top class takes 1 − p from the sum of the others: h_top − p · Σh = (1 − p) · h_top − p · h_others.
    z[top] = (target == top ? g_target * rest : -g_target * inverse) + (mean_part - g_mean * inverse) +
             (h_top * rest - h_others * inverse);
    if (target != top) z[target] += g_target;
  }
}

namespace {

// The kept memory of a chunk: exponentials [rows, classes], an unaligned RowExponentials per row, and gradient sums
// [rows, functions]. `data` is null if the chunk is not kept.
struct KeptRows {
  float* data;
  int64_t rows, classes;

  KeptRows(const std::vector<FloatArray>& chunks, int64_t first_row, int64_t rows, const ClassifierShape& shape)
      : data(nullptr), rows(rows), classes(shape.classes) {
    const std::size_t chunk = first_row / shape.chunk;
    if (chunk >= chunks.size()) return;
    check_size("the length of a kept array", chunks[chunk].size, rows * (classes + 2 + shape.functions));
    data = chunks[chunk].data;
  }

  explicit operator bool() const { return data != nullptr; }
  float* gradient_sums() const { return data == nullptr ? nullptr : pair(rows); }

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
    check_value("kept class", top, row, classes);
    return {top, others};
  }

 private:
  float* pair(int64_t row) const { return data + rows * classes + 2 * row; }
};

void check_arguments(const int32_t* targets, const ClassifierShape& shape) {
  check_range("target", targets, shape.rows, shape.classes);
  if (shape.rows > 0) check_between("chunk", shape.chunk, 1, shape.rows);
}

// Memory for the logits of a chunk that is not kept; null if all chunks are kept.
float* chunk_scratch(const std::vector<FloatArray>& kept, const ClassifierShape& shape) {
  const bool keeps_all = static_cast<int64_t>(kept.size()) * shape.chunk >= shape.rows;
  return keeps_all ? nullptr : thread_scratch(shape.chunk * shape.classes);
}

}  // namespace

void classifier_statistics(const float* features, const float* weights, const int32_t* targets, float* target_log_prob,
                           float* mean_log_prob, int32_t* predictions, const std::vector<FloatArray>& kept,
                           const std::vector<FloatArray>& sums, const double* functions, const ClassifierShape& shape) {
  check_arguments(targets, shape);
  const std::vector<ClassFunction> terms = class_functions(functions, shape.functions);
  static thread_local Buffer converted;
  static thread_local PackedMemory packed;
  Weights projection(weights, shape.embed, shape.classes, true, packed);
  float* scratch = chunk_scratch(kept, shape);
  std::vector<RowExponentials> exponentials(kept.empty() ? 0 : shape.chunk);
  const StatisticsOutputs outputs{target_log_prob, mean_log_prob, predictions, sums.data()};
  for (int64_t first = 0; first < shape.rows; first += shape.chunk) {
    const int64_t rows = std::min(shape.chunk, shape.rows - first);
    const KeptRows keep(kept, first, rows, shape);
    float* logits = keep ? keep.data : scratch;
    multiply(Activations(features + first * shape.embed, nullptr, rows, shape.embed, converted), projection,
             {nullptr, false}, logits);
    parallel_ranges(rows, 1, [&](int64_t begin, int64_t end) {
      classifier_rows(logits, keep ? exponentials.data() : nullptr, keep.gradient_sums(), targets, outputs,
                      terms.data(), terms.size(), begin, end, first, shape.classes);
    });
    if (!keep) continue;
    for (int64_t i = 0; i < rows; i++) keep.store(i, exponentials[i]);
  }
}

void classifier_statistics_grad(const float* features, const float* weights, const int32_t* targets,
                                const float* d_target_log_prob, const float* d_mean_log_prob,
                                const std::vector<FloatArray>& kept, const std::vector<FloatArray>& d_sums,
                                float* d_features, float* d_weights, const double* functions,
                                const ClassifierShape& shape, bool accumulate_weights) {
  check_arguments(targets, shape);
  const std::vector<ClassFunction> terms = class_functions(functions, shape.functions);
  static thread_local Buffer converted_features, converted_logits;
  static thread_local PackedMemory packed, packed_transposed;
  Weights projection(weights, shape.embed, shape.classes, true, packed);
  Weights transposed(weights, shape.classes, shape.embed, false, packed_transposed);
  float* scratch = chunk_scratch(kept, shape);
  std::vector<RowExponentials> exponentials(kept.empty() ? 0 : shape.chunk);
  const StatisticsGradients gradients{d_target_log_prob, d_mean_log_prob, d_sums.data()};
  if (shape.rows == 0 && !accumulate_weights) std::memset(d_weights, 0, shape.classes * shape.embed * sizeof(float));
  for (int64_t first = 0; first < shape.rows; first += shape.chunk) {
    const int64_t rows = std::min(shape.chunk, shape.rows - first);
    const KeptRows keep(kept, first, rows, shape);
    const Activations chunk_features(features + first * shape.embed, nullptr, rows, shape.embed, converted_features);
    float* logits = keep ? keep.data : scratch;
    if (keep) {
      for (int64_t i = 0; i < rows; i++) exponentials[i] = keep.load(i);
    } else {
      multiply(chunk_features, projection, {nullptr, false}, logits);
    }
    parallel_ranges(rows, 1, [&](int64_t begin, int64_t end) {
      classifier_grad_rows(logits, keep ? exponentials.data() : nullptr, keep.gradient_sums(), targets, gradients,
                           terms.data(), terms.size(), begin, end, first, shape.classes);
    });
    const Activations d_logits(logits, nullptr, rows, shape.classes, converted_logits);
    multiply(d_logits, transposed, {nullptr, false}, d_features + first * shape.embed);
    multiply_transposed(d_logits, chunk_features, d_weights, accumulate_weights || first > 0, {nullptr, false});
  }
}

}  // namespace onednn_backend
