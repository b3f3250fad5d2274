// What criteria need of the scores z of each row over the classes, and its gradient. A block computes a row, which it
// reads several times: a chunk of rows stays in the level-2 cache.
//
// p = exp(z − max) / (1 + others), where `others` = Σ exp(z − max) leaves out the first class of the maximum, `top`. So
// 1 − p of that class keeps its digits as p → 1.
// no spills
#include "class-function.h"
#include "rows.h"
#include "vectors.h"

namespace {

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / 32;

struct Row {
  const float* z;
  int classes;
  bool aligned;

  // Calls work(class, score) for the classes of this thread.
  template <class Work>
  __device__ void for_classes(const Work& work) const {
    for (int first = threadIdx.x * 4; first < classes; first += kThreads * 4) {
      const float4 four = load4(z + first, classes - first, aligned);
      work(first, four.x);
      if (first + 1 < classes) work(first + 1, four.y);
      if (first + 2 < classes) work(first + 2, four.z);
      if (first + 3 < classes) work(first + 3, four.w);
    }
  }
};

struct Maximum {
  float value;
  int index;

  // The larger value; of equal values the lower index.
  __device__ void take(float other, int at) {
    if (other > value || (other == value && at < index)) value = other, index = at;
  }
};

__device__ inline Maximum block_maximum(Maximum mine) {
  __shared__ float values[kWarps];
  __shared__ int indices[kWarps];
  for (int lanes = 16; lanes > 0; lanes /= 2) {
    const float value = __shfl_xor_sync(0xffffffffu, mine.value, lanes);
    const int index = __shfl_xor_sync(0xffffffffu, mine.index, lanes);
    mine.take(value, index);
  }
  if (threadIdx.x % 32 == 0) values[threadIdx.x / 32] = mine.value, indices[threadIdx.x / 32] = mine.index;
  __syncthreads();
  for (int warp = 0; warp < kWarps; ++warp) mine.take(values[warp], indices[warp]);
  __syncthreads();  // they may be written again
  return mine;
}

// The softmax of a row.
struct Softmax {
  Maximum top;
  float others, log_sum;  // log Σ exp(z − max), accurate as p → 1

  __device__ explicit Softmax(const Row& row) {
    top = {-INFINITY, 0x7fffffff};
    row.for_classes([&](int at, float z) { top.take(z, at); });
    top = block_maximum(top);
    top.index = min(top.index, row.classes - 1);  // NaN everywhere
    float sum = 0;
    row.for_classes([&](int at, float z) { sum += at == top.index ? 0.0f : expf(z - top.value); });
    others = block_reduce<Sum>(sum);
    log_sum = log1pf(others);
  }
  __device__ float inverse() const { return 1.0f / (1.0f + others); }  // p of `top`
  __device__ float rest() const { return others * inverse(); }         // 1 − p of `top`
  __device__ float log_p(float z) const { return (z - top.value) - log_sum; }
  __device__ float p(float z) const { return inverse() * expf(z - top.value); }
};

template <class Result>
__device__ inline void gradient_rows(float* logits, const int* targets,
                                     const float* d_target_log_prob, const float* d_mean_log_prob, const float* d_sums,
                                     const ClassFunction* functions, int classes, int function_count, int sums_stride) {
  const int index = blockIdx.x, target = targets[index];
  float* const z = logits + static_cast<size_t>(index) * classes;
  const Row row{z, classes, are_aligned(classes, logits)};
  const Softmax softmax(row);
  const float inverse = softmax.inverse(), rest = softmax.rest();
  const float g_target = d_target_log_prob[index], g_mean = d_mean_log_prob[index], mean_part = g_mean / classes;
  const auto weight = [&](int k) { return d_sums[static_cast<size_t>(k) * sums_stride + index]; };
  float h_top = 0, h_others = 0;
  for (int k = 0; k < function_count; ++k) {
    const ClassFunction f = functions[k];
    float sum = 0;
    row.for_classes([&](int at, float score) {
      if (at != softmax.top.index) sum += class_gradient(f, softmax.p(score), softmax.log_p(score));
    });
    h_others += weight(k) * block_reduce<Sum>(sum);
    h_top += weight(k) * top_gradient(f, inverse, rest);
  }
  const float slope = -(g_target + g_mean + h_top + h_others);
  // The top class takes 1 − p from the sum of the others: h_top − p · Σh = (1 − p) · h_top − p · h_others.
  const float d_top = (target == softmax.top.index ? g_target * rest : -g_target * inverse) +
                      (mean_part - g_mean * inverse) + (h_top * rest - h_others * inverse);
  const auto gradient = [&](int at, float score) {
    if (at == softmax.top.index) return d_top;
    const float p = softmax.p(score);
    float d = slope * p + mean_part;
    for (int k = 0; k < function_count; ++k) d += weight(k) * class_gradient(functions[k], p, softmax.log_p(score));
    return at == target ? d + g_target : d;
  };
  Result* const d_z = reinterpret_cast<Result*>(z);
  for (int begin = 0; begin < classes; begin += kThreads * 4) {
    const int first = begin + threadIdx.x * 4, count = classes - first;
    const float4 four = load4(z + first, count, row.aligned);
    const float4 d = make_float4(gradient(first, four.x), gradient(first + 1, four.y), gradient(first + 2, four.z),
                                 gradient(first + 3, four.w));
    // Smaller elements take the place of logits up to these, which all threads have then read.
    if (sizeof(Result) < sizeof(float)) __syncthreads();
    store4(d_z + first, d, count, row.aligned);
  }
}

}  // namespace

// target_log_prob = log p(target) (NaN for a target that is no class), mean_log_prob = (1/V) Σ_v log p_v,
// predictions = argmax z (the lowest index), sums[k] = Σ_v f_k(p_v)
// logits [rows, classes], targets and results [rows]; sums [function_count, sums_stride]. Grid: [rows].
BOUNDED_KERNEL(kThreads, 4, classifier_rows,
               (const float* logits, const int* targets, float* target_log_prob, float* mean_log_prob,
                int* predictions, float* sums, const ClassFunction* functions, int classes, int function_count,
                int sums_stride)) {
  const int index = blockIdx.x, target = targets[index];
  const Row row{logits + static_cast<size_t>(index) * classes, classes, are_aligned(classes, logits)};
  const Softmax softmax(row);
  float total = 0;
  row.for_classes([&](int, float z) { total += softmax.log_p(z); });
  total = block_reduce<Sum>(total);
  if (threadIdx.x == 0) {
    target_log_prob[index] = target >= 0 && target < classes ? softmax.log_p(row.z[target]) : NAN;
    mean_log_prob[index] = total / classes;
    predictions[index] = softmax.top.index;
  }
  for (int k = 0; k < function_count; ++k) {
    const ClassFunction f = functions[k];
    float sum = 0;
    row.for_classes([&](int at, float z) {
      if (at != softmax.top.index) sum += class_value(f, softmax.p(z), softmax.log_p(z));
    });
    sum = block_reduce<Sum>(sum);
    if (threadIdx.x == 0) {
      sums[static_cast<size_t>(k) * sums_stride + index] = sum + top_value(f, softmax.inverse(), softmax.rest());
    }
  }
}

// Overwrites the logits with their gradient. With g_t, g_m, g_k the gradients of the results of a row, and
// h_v = Σ_k g_k · p_v · f_k′(p_v):
//   dz_v = g_t · (1[v = target] − p_v) + g_m · (1/V − p_v) + h_v − p_v · Σ_u h_u
// In bfloat16 a row of gradients is the first half of the row of logits. d_sums [function_count, sums_stride]. Grid: [rows].
#define GRADIENT_ROWS(name, Result)                                                                                   \
  BOUNDED_KERNEL(kThreads, 4, name,                                                                                   \
                 (float* logits, const int* targets, const float* d_target_log_prob,          \
                  const float* d_mean_log_prob, const float* d_sums, const ClassFunction* functions, int classes,     \
                  int function_count, int sums_stride)) {                                                             \
    gradient_rows<Result>(logits, targets, d_target_log_prob, d_mean_log_prob, d_sums, functions, classes,          \
                  function_count, sums_stride);                                                                       \
  }

GRADIENT_ROWS(classifier_gradient_rows_float32, float)
GRADIENT_ROWS(classifier_gradient_rows_bfloat16, bf16)
