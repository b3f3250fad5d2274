#include "arena.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "../parallel.h"
#include "../rounding.h"

#if defined(__linux__)
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace onednn_backend {

namespace {

constexpr int64_t kGrain = 1 << 15;

}  // namespace

double squared_norm_range(const float* x, int64_t begin, int64_t end) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = begin; i < end; i++) sum += static_cast<double>(x[i]) * x[i];
  return sum;
}

void scale_range(float* x, int64_t begin, int64_t end, float factor) {
  for (int64_t i = begin; i < end; i++) x[i] *= factor;
}

void accumulate_range(float* sum, const float* x, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; i++) sum[i] += x[i];
}

void adam_range(float* __restrict values, const float* __restrict gradients, float* __restrict first_moment,
                float* __restrict second_moment, int64_t begin, int64_t end, const AdamScalars& scalars) {
  const float beta1 = scalars.beta1, beta2 = scalars.beta2;
  const float rest1 = 1 - scalars.beta1, rest2 = 1 - scalars.beta2;
  const float epsilon = scalars.epsilon, step_size = scalars.step_size, decay = scalars.decay;
  for (int64_t i = begin; i < end; i++) {
    const float g = gradients[i];
    const float m = beta1 * first_moment[i] + rest1 * g;
    const float v = beta2 * second_moment[i] + rest2 * g * g;
    const float decayed = values[i] - decay * values[i];
    first_moment[i] = m;
    second_moment[i] = v;
    values[i] = decayed - step_size * m / (std::sqrt(v) + epsilon);
  }
}

double squared_norm(const float* x, int64_t size) {
  const int64_t parts = ceil_divide(size, kGrain);
  std::vector<double> sums(parts);
  parallel_ranges(parts, 1, [&](int64_t first, int64_t last) {
    for (int64_t part = first; part < last; part++) {
      sums[part] = squared_norm_range(x, part * kGrain, std::min(size, (part + 1) * kGrain));
    }
  });
  double total = 0;
  for (const double sum : sums) total += sum;
  return total;
}

void scale(float* x, int64_t size, double factor) {
  parallel_ranges(size, kGrain, [&](int64_t begin, int64_t end) { scale_range(x, begin, end, factor); });
}

void accumulate(float* sum, const float* x, int64_t size) {
  parallel_ranges(size, kGrain, [&](int64_t begin, int64_t end) { accumulate_range(sum, x, begin, end); });
}

void adam_step(float* values, const float* gradients, float* first_moment, float* second_moment, int64_t size,
               const AdamScalars& scalars) {
  parallel_ranges(size, kGrain, [&](int64_t begin, int64_t end) {
    adam_range(values, gradients, first_moment, second_moment, begin, end, scalars);
  });
}

void discard(float* x, int64_t size) {
#if defined(__linux__)
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const uintptr_t begin = round_up(reinterpret_cast<uintptr_t>(x), page);
  const uintptr_t end = reinterpret_cast<uintptr_t>(x + size) / page * page;
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
#else
  std::fill(x, x + size, 0.0f);
#endif
}

}  // namespace onednn_backend
