// Operations on flat arrays of parameters, gradients and moments.
#include "vectors.h"

namespace {

constexpr int kThreads = 256;
constexpr int kPart = 8192;  // elements that a block squares and sums

// Calls work(first, count) for groups of up to 4 elements, which the threads of the grid share.
template <class Work>
__device__ inline void for_groups(size_t size, const Work& work) {
  const size_t step = static_cast<size_t>(gridDim.x) * blockDim.x * 4;
  for (size_t i = (static_cast<size_t>(blockIdx.x) * blockDim.x + threadIdx.x) * 4; i < size; i += step) {
    work(i, static_cast<int>(min(size - i, static_cast<size_t>(4))));
  }
}

// The sum over the threads of a block, in thread 0.
__device__ inline double block_sum(double x) {
  __shared__ double parts[kThreads / 32];
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  for (int lanes = 16; lanes > 0; lanes /= 2) x += __shfl_xor_sync(0xffffffffu, x, lanes);
  if (lane == 0) parts[warp] = x;
  __syncthreads();
  if (threadIdx.x > 0) return 0;
  for (int other = 1; other < kThreads / 32; ++other) x += parts[other];
  return x;
}

}  // namespace

// parts[block] = Σ x² of kPart elements, in float64. Grid: [⌈size / kPart⌉].
BOUNDED_KERNEL(kThreads, 4, squared_norm_parts, (const float* x, double* parts, int size)) {
  const int begin = blockIdx.x * kPart, end = min(size - begin, kPart);
  const bool aligned = is_aligned(x);
  double sum = 0;
#pragma unroll 4
  for (int i = threadIdx.x * 4; i < end; i += kThreads * 4) {
    const float4 v = load4(x + begin + i, end - i, aligned);
    sum += (double(v.x) * v.x + double(v.y) * v.y) + (double(v.z) * v.z + double(v.w) * v.w);
  }
  sum = block_sum(sum);
  if (threadIdx.x == 0) parts[blockIdx.x] = sum;
}

// total = Σ parts. Grid: [1].
BOUNDED_KERNEL(kThreads, 1, squared_norm_total, (const double* parts, double* total, int count)) {
  double sum = 0;
  for (int i = threadIdx.x; i < count; i += kThreads) sum += parts[i];
  sum = block_sum(sum);
  if (threadIdx.x == 0) *total = sum;
}

namespace {

__device__ inline bool is_finite(double x) { return x - x == 0; }

}  // namespace

//   norm = √squared_norm / samples,  factor = min(1, limit / (norm + ε)) / samples; without a limit (0): 1 / samples
// not_finite becomes 1 if the norm or one of `count` losses, which are `stride` apart, is NaN or infinite; otherwise it
// stays as it is. Grid: [1], block: [1].
KERNEL(gradient_factor, (const double* squared_norm, const float* losses, int stride, int count, double samples,
                         double limit, double epsilon, float* factor, int* not_finite)) {
  bool all_finite = is_finite(*squared_norm);
  for (int i = 0; i < count; ++i) all_finite = all_finite && is_finite(losses[i * stride]);
  if (!all_finite) *not_finite = 1;
  const double clipping = limit > 0 ? limit / (sqrt(*squared_norm) / samples + epsilon) : 1;
  *factor = static_cast<float>((clipping < 1 ? clipping : 1) / samples);
}

// x ← factor · x; also multiplied by *more unless it is null. Does nothing if *not_finite; a null pointer counts as 0.
BOUNDED_KERNEL(kThreads, 4, scale_arena,
               (float* x, int size, float factor, const float* more, const int* not_finite)) {
  if (not_finite != nullptr && *not_finite != 0) return;
  const bool aligned = is_aligned(x);
  const float by = more == nullptr ? factor : factor * *more;
  for_groups(size, [&](size_t i, int count) {
    const float4 v = load4(x + i, count, aligned);
    store4(x + i, make_float4(v.x * by, v.y * by, v.z * by, v.w * by), count, aligned);
  });
}

// sum ← sum + x
BOUNDED_KERNEL(kThreads, 4, accumulate_arena, (float* sum, const float* x, int size)) {
  const bool aligned = are_aligned(0, sum, x);
  for_groups(size, [&](size_t i, int count) {
    const float4 a = load4(sum + i, count, aligned), b = load4(x + i, count, aligned);
    store4(sum + i, make_float4(a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w), count, aligned);
  });
}

namespace {

struct Adam {
  float beta1, rest1, beta2, rest2, epsilon, step_size, decay;  // rest = 1 − beta

  __device__ void step(float& value, float g, float& first, float& second) const {
    first = beta1 * first + rest1 * g;
    second = beta2 * second + rest2 * g * g;
    value = (value - decay * value) - step_size * first / (sqrtf(second) + epsilon);
  }
};

}  // namespace

//   m ← β1·m + (1−β1)·g,  v ← β2·v + (1−β2)·g²
//   p ← p − decay·p,      p ← p − stepSize · m / (√v + ε)
// Does nothing if *not_finite; a null pointer counts as 0.
BOUNDED_KERNEL(kThreads, 4, adam_step,
               (float* values, const float* gradients, float* first_moment, float* second_moment, int size,
                float beta1, float rest1, float beta2, float rest2, float epsilon, float step_size, float decay,
                const int* not_finite)) {
  if (not_finite != nullptr && *not_finite != 0) return;
  const Adam adam{beta1, rest1, beta2, rest2, epsilon, step_size, decay};
  const bool aligned = are_aligned(0, values, gradients, first_moment, second_moment);
  for_groups(size, [&](size_t i, int count) {
    float4 p = load4(values + i, count, aligned), m = load4(first_moment + i, count, aligned),
           v = load4(second_moment + i, count, aligned);
    const float4 g = load4(gradients + i, count, aligned);
    adam.step(p.x, g.x, m.x, v.x);
    adam.step(p.y, g.y, m.y, v.y);
    adam.step(p.z, g.z, m.z, v.z);
    adam.step(p.w, g.w, m.w, v.w);
    store4(first_moment + i, m, count, aligned);
    store4(second_moment + i, v, count, aligned);
    store4(values + i, p, count, aligned);
  });
}

// average ← decay · average + (1 − decay) · x, in float64. Does nothing if *not_finite; a null pointer counts as 0.
BOUNDED_KERNEL(kThreads, 4, moving_average,
               (float* average, const float* x, int size, double decay, const int* not_finite)) {
  if (not_finite != nullptr && *not_finite != 0) return;
  const bool aligned = are_aligned(0, average, x);
  // Not contracted: the host's bits.
  const auto mean = [&](float a, float b) {
    return static_cast<float>(__dadd_rn(__dmul_rn(decay, a), __dmul_rn(1 - decay, b)));
  };
  for_groups(size, [&](size_t i, int count) {
    const float4 a = load4(average + i, count, aligned), b = load4(x + i, count, aligned);
    store4(average + i, make_float4(mean(a.x, b.x), mean(a.y, b.y), mean(a.z, b.z), mean(a.w, b.w)), count, aligned);
  });
}

// y ← x, rounded to bfloat16.
BOUNDED_KERNEL(kThreads, 4, bfloat16_copy, (const float* x, bf16* y, int size)) {
  const bool aligned = is_aligned(x), aligned_pairs = reinterpret_cast<unsigned long long>(y) % 8 == 0;
  for_groups(size, [&](size_t i, int count) {
    const float4 v = load4(x + i, count, aligned);
    if (aligned_pairs && count == 4) {
      unsigned* pairs = reinterpret_cast<unsigned*>(y + i);
      pairs[0] = pack(v.x, v.y);
      pairs[1] = pack(v.z, v.w);
      return;
    }
    const float values[4] = {v.x, v.y, v.z, v.w};
    for (int k = 0; k < count; ++k) y[i + k] = to_bf16(values[k]);
  });
}
