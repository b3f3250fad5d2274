// Layer normalisation of s = residual + x ∘ mask, or of x. A warp computes a row, whose values it keeps in shared memory.
// x and its gradient, and dy, are stored as float32 or bfloat16; the residual connection and its gradient are float32.
// no spills
#include "philox.h"
#include "rows.h"
#include "vectors.h"

namespace {

constexpr int kThreads = 128;  // at most; rows that are too long for the shared memory of four warps take fewer

// A lane computes the groups of 4 columns lane, lane + 32, …
struct Row {
  int columns;
  size_t offset;         // of the row in its table
  unsigned long long mask_block;  // the first block of its dropout mask
  bool aligned;          // whether groups of the tables are aligned

  __device__ Row(int row, int columns, bool aligned)
      : columns(columns),
        offset(static_cast<size_t>(row) * columns),
        mask_block(static_cast<unsigned long long>(row) * ((columns + 3) / 4)),
        aligned(aligned) {}
  template <class Stored>
  __device__ float4 load(const Stored* table, int column) const {
    return load4(table + offset + column, columns - column, aligned);
  }
  template <class Stored>
  __device__ void store(Stored* table, int column, float4 value) const {
    store4(table + offset + column, value, columns - column, aligned);
  }
};

// Products that are not contracted with a sum, so that the kernels of all storages, and the backward pass, compute the same
// bits.
__device__ inline float4 masked(float4 x, const Dropout& dropout, unsigned long long block) {
  if (dropout.threshold == 0) return x;
  const Mask4 mask = dropout_mask(dropout, block);
  return make_float4(__fmul_rn(x.x, mask.values[0]), __fmul_rn(x.y, mask.values[1]), __fmul_rn(x.z, mask.values[2]),
                     __fmul_rn(x.w, mask.values[3]));
}

// s of a group
template <class Stored>
__device__ inline float4 sum_group(const Row& row, const Stored* x, const float* residual, int column,
                                   const Dropout& dropout) {
  const float4 value = row.load(x, column);
  if (residual == nullptr) return value;
  const float4 added = row.load(residual, column);
  const float4 kept = masked(value, dropout, row.mask_block + column / 4);
  return make_float4(added.x + kept.x, added.y + kept.y, added.z + kept.z, added.w + kept.w);
}

__device__ inline float scaled_normal(float s, float center, float factor, float gain) {
  return __fmul_rn((s - center) * factor, gain);
}

__device__ inline float square_if(bool there, float x) { return there ? __fmul_rn(x, x) : 0.0f; }

template <class Stored>
__device__ inline void layer_norm(const Stored* x, const float* residual, const float* gain, const float* bias,
                                  float* sums, float* y, bf16* rounded, float* mean, float* rstd, int rows, int columns,
                                  float epsilon, const Dropout& dropout) {
  DYNAMIC_SHARED(float, memory);
  const int warps = blockDim.x / 32, warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int index = blockIdx.x * warps + warp;
  if (index >= rows) return;
  const Row row(index, columns, are_aligned(columns, x, residual, sums, y, rounded));
  const bool aligned_weights = are_aligned(0, gain, bias);
  float* kept = memory + warp * ((columns + 3) / 4 * 4);

  float total = 0;
  for (int column = lane * 4; column < columns; column += 128) {
    const float4 s = sum_group(row, x, residual, column, dropout);
    *reinterpret_cast<float4*>(kept + column) = s;
    if (sums != nullptr) row.store(sums, column, s);
    total += (s.x + s.y) + (s.z + s.w);
  }
  const float center = warp_reduce<Sum>(total) / columns;
  float squares = 0;
  for (int column = lane * 4; column < columns; column += 128) {
    const float4 s = *reinterpret_cast<const float4*>(kept + column);
    squares += (square_if(true, s.x - center) + square_if(column + 1 < columns, s.y - center)) +
               (square_if(column + 2 < columns, s.z - center) + square_if(column + 3 < columns, s.w - center));
  }
  const float factor = 1.0f / sqrtf(warp_reduce<Sum>(squares) / columns + epsilon);
  for (int column = lane * 4; column < columns; column += 128) {
    const float4 s = *reinterpret_cast<const float4*>(kept + column);
    const float4 g = load4(gain + column, columns - column, aligned_weights);
    const float4 b = load4(bias + column, columns - column, aligned_weights);
    const float4 normal = make_float4(
        scaled_normal(s.x, center, factor, g.x) + b.x, scaled_normal(s.y, center, factor, g.y) + b.y,
        scaled_normal(s.z, center, factor, g.z) + b.z, scaled_normal(s.w, center, factor, g.w) + b.w);
    row.store(y, column, normal);
    if (rounded != nullptr) row.store(rounded, column, normal);
  }
  if (lane == 0) mean[index] = center, rstd[index] = factor;
}

template <class Stored, class Incoming>
__device__ inline void layer_norm_grad(const Stored* x, const float* residual, const float* gain, const float* mean,
                                       const float* rstd, const Incoming* dy, Stored* dx, float* d_residual,
                                       float* parts, int rows, int columns, int part_rows, const Dropout& dropout) {
  DYNAMIC_SHARED(float, memory);
  const int warps = blockDim.x / 32, warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int padded = (columns + 3) / 4 * 4;
  const bool aligned = are_aligned(columns, x, residual, dy, dx, d_residual);
  const bool aligned_gain = are_aligned(0, gain);
  float* normalized = memory + warp * 3 * padded;  // n
  float *d_gain = normalized + padded, *d_bias = d_gain + padded;
  for (int column = lane * 4; column < columns; column += 128) {
    *reinterpret_cast<float4*>(d_gain + column) = *reinterpret_cast<float4*>(d_bias + column) =
        make_float4(0, 0, 0, 0);
  }

  const int begin = blockIdx.x * part_rows, end = min(begin + part_rows, rows);
  for (int index = begin + warp; index < end; index += warps) {
    const Row row(index, columns, aligned);
    const float center = mean[index], factor = rstd[index];
    float g_sum = 0, gn_sum = 0;
    for (int column = lane * 4; column < columns; column += 128) {
      const float4 s = sum_group(row, x, residual, column, dropout), d = row.load(dy, column);
      const float4 w = load4(gain + column, columns - column, aligned_gain);
      const float4 n = make_float4((s.x - center) * factor, (s.y - center) * factor, (s.z - center) * factor,
                                   (s.w - center) * factor);
      const float4 g = make_float4(d.x * w.x, d.y * w.y, d.z * w.z, d.w * w.w);  // 0 beyond the last column
      *reinterpret_cast<float4*>(normalized + column) = n;
      float4* gains = reinterpret_cast<float4*>(d_gain + column);
      float4* biases = reinterpret_cast<float4*>(d_bias + column);
      *gains = make_float4(gains->x + d.x * n.x, gains->y + d.y * n.y, gains->z + d.z * n.z, gains->w + d.w * n.w);
      *biases = make_float4(biases->x + d.x, biases->y + d.y, biases->z + d.z, biases->w + d.w);
      g_sum += (g.x + g.y) + (g.z + g.w);
      gn_sum += (g.x * n.x + g.y * n.y) + (g.z * n.z + g.w * n.w);
    }
    const float g_mean = warp_reduce<Sum>(g_sum) / columns, gn_mean = warp_reduce<Sum>(gn_sum) / columns;
    for (int column = lane * 4; column < columns; column += 128) {
      const float4 n = *reinterpret_cast<const float4*>(normalized + column), d = row.load(dy, column);
      const float4 w = load4(gain + column, columns - column, aligned_gain);
      const float4 ds = make_float4(factor * (d.x * w.x - g_mean - n.x * gn_mean), factor * (d.y * w.y - g_mean - n.y * gn_mean),
                                    factor * (d.z * w.z - g_mean - n.z * gn_mean), factor * (d.w * w.w - g_mean - n.w * gn_mean));
      if (d_residual == nullptr) {
        row.store(dx, column, ds);
      } else {
        row.store(d_residual, column, ds);
        row.store(dx, column, masked(ds, dropout, row.mask_block + column / 4));
      }
    }
  }

  __syncthreads();
  for (int i = threadIdx.x; i < 2 * columns; i += blockDim.x) {
    const int which = i / columns, column = i % columns;
    float sum = 0;
    for (int from = 0; from < warps; ++from) sum += memory[(from * 3 + 1 + which) * padded + column];
    parts[(static_cast<size_t>(which) * gridDim.x + blockIdx.x) * columns + column] = sum;
  }
}

}  // namespace

// y = (s − mean) · rstd · gain + bias, rstd = 1 / √(variance + ε); also writes s to `sums` and y, rounded, to `rounded` unless
// these are null (sums may be x). x, residual (or null), sums, y, rounded [rows, columns]; gain, bias [columns]; mean,
// rstd [rows]
// Dynamic shared memory: one row, rounded up to 4 columns, for each warp. Grid: [⌈rows / warps⌉].
#define LAYER_NORM(name, Stored)                                                                                      \
  BOUNDED_KERNEL(kThreads, 4, name,                                                                                   \
                 (const Stored* x, const float* residual, const float* gain, const float* bias, float* sums, float* y, \
                  bf16* rounded, float* mean, float* rstd, int rows, int columns, float epsilon, unsigned threshold,  \
                  float scale, unsigned seed, unsigned update, unsigned micro_batch, unsigned site)) {                \
    layer_norm(x, residual, gain, bias, sums, y, rounded, mean, rstd, rows, columns, epsilon,                         \
               Dropout{threshold, scale, seed, update, micro_batch, site});                                           \
  }

LAYER_NORM(layer_norm_float32, float)
LAYER_NORM(layer_norm_bfloat16, bf16)

// With n = (s − mean) · rstd and g = dy ∘ gain:
//   ds = rstd · (g − mean_columns(g) − n · mean_columns(g ∘ n)), dx = ds ∘ mask, dResidual = ds (unless it is null)
//   parts[0, part] = Σ_rows dy ∘ n, parts[1, part] = Σ_rows dy over the rows of a part; parts [2, parts, columns]
// x may be the `sums` of the forward pass; residual is then null.
// Dynamic shared memory: three rows, rounded up to 4 columns, for each warp. Grid: [parts].
#define LAYER_NORM_GRADIENT(name, Stored, Incoming)                                                                 \
  BOUNDED_KERNEL(kThreads, 4, name,                                                                                  \
                 (const Stored* x, const float* residual, const float* gain, const float* mean, const float* rstd,   \
                  const Incoming* dy, Stored* dx, float* d_residual, float* parts, int rows, int columns,            \
                  int part_rows, unsigned threshold, float scale, unsigned seed, unsigned update,                    \
                  unsigned micro_batch, unsigned site)) {                                                            \
    layer_norm_grad(x, residual, gain, mean, rstd, dy, dx, d_residual, parts, rows, columns, part_rows,              \
                    Dropout{threshold, scale, seed, update, micro_batch, site});                                     \
  }

LAYER_NORM_GRADIENT(layer_norm_grad_float32_of_float32, float, float)
LAYER_NORM_GRADIENT(layer_norm_grad_float32_of_bfloat16, float, bf16)
LAYER_NORM_GRADIENT(layer_norm_grad_bfloat16_of_float32, bf16, float)
LAYER_NORM_GRADIENT(layer_norm_grad_bfloat16_of_bfloat16, bf16, bf16)
