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

// total = Σ parts; not_finite = whether the total is NaN or infinite (unless it is null). Grid: [1].
BOUNDED_KERNEL(kThreads, 1, squared_norm_total, (const double* parts, double* total, int* not_finite, int count)) {
  double sum = 0;
  for (int i = threadIdx.x; i < count; i += kThreads) sum += parts[i];
  sum = block_sum(sum);
  if (threadIdx.x > 0) return;
  *total = sum;
  if (not_finite != nullptr) *not_finite = !(sum - sum == 0);
}

// x ← factor · x; also multiplied by *more unless it is null.
BOUNDED_KERNEL(kThreads, 4, scale_arena, (float* x, int size, float factor, const float* more)) {
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
