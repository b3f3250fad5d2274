// Kernels with one fault each, which the emulation must show, and some without.
#include "portable.h"

// y = { the pointer's words, i, u, f, 0, d }
KERNEL(echo, (int* y, uint64_t p, int i, unsigned u, float f, double d)) {
  y[0] = (int)(unsigned)p;
  y[1] = (int)(unsigned)(p >> 32);
  y[2] = i;
  y[3] = (int)u;
  y[4] = __float_as_int(f);
  y[5] = 0;
  reinterpret_cast<double*>(y)[3] = d;
}

// y[i] = x[(i + 1) % n] through shared memory, with or without a barrier.
template <bool BARRIER>
__device__ inline void shift(const float* x, float* y) {
  __shared__ float values[64];
  values[threadIdx.x] = x[threadIdx.x];
  if (BARRIER) __syncthreads();
  y[threadIdx.x] = values[(threadIdx.x + 1) % blockDim.x];
}
KERNEL(shift_with_barrier, (const float* x, float* y)) { shift<true>(x, y); }
KERNEL(shift_without_barrier, (const float* x, float* y)) { shift<false>(x, y); }

// Every block reads shared memory that only the first one has written.
KERNEL(stale_shared, (float* y)) {
  DYNAMIC_SHARED(float, dynamic);
  __shared__ float fixed[32];
  if (blockIdx.x == 0) fixed[threadIdx.x] = dynamic[threadIdx.x] = 1.f;
  y[2 * (blockIdx.x * blockDim.x + threadIdx.x)] = fixed[threadIdx.x];
  y[2 * (blockIdx.x * blockDim.x + threadIdx.x) + 1] = dynamic[threadIdx.x];
}

KERNEL(half_a_barrier, (float* y)) {
  if (threadIdx.x < 16) __syncwarp();
  y[threadIdx.x] = 1.f;
}

KERNEL(partial_shuffle, (float* y)) { y[threadIdx.x] = __shfl_xor_sync(0xffffu, y[threadIdx.x], 1); }

KERNEL(misaligned_copy, (const float* x, float* y)) {
  DYNAMIC_SHARED(float, tile);
  copy_async(tile, x + 1, true);
  commit_copies();
  wait_copies<0>();
  y[threadIdx.x] = tile[threadIdx.x];
}

// Two groups of copies, of which `WAITS` are waited for. The second one copies nothing: zeros.
template <int LEFT>
__device__ inline void pipeline(const float* x, float* y) {
  DYNAMIC_SHARED(float, tile);
  copy_async(tile, x, true);
  commit_copies();
  copy_async(tile + 4, nullptr, false);
  commit_copies();
  wait_copies<LEFT>();
  for (int i = 0; i < 8; ++i) y[i] = tile[i];
}
KERNEL(pipeline_complete, (const float* x, float* y)) { pipeline<0>(x, y); }
KERNEL(pipeline_too_early, (const float* x, float* y)) { pipeline<1>(x, y); }

// All warp functions: sums and what each lane receives.
KERNEL(warp_functions, (int* y)) {
  const int lane = threadIdx.x;
  int* row = y + lane * 8;
  row[0] = __shfl_sync(0xffffffffu, lane, 5);
  row[1] = __shfl_xor_sync(0xffffffffu, lane, 3);
  row[2] = __shfl_down_sync(0xffffffffu, lane, 30);
  row[3] = __shfl_up_sync(0xffffffffu, lane, 30);
  row[4] = (int)__ballot_sync(0xffffffffu, lane % 3 == 0);
  row[5] = __any_sync(0xffffffffu, lane == 31);
  row[6] = __all_sync(0xffffffffu, lane < 31);
  row[7] = atomicAdd(y + 256, 1) >= 0;
}

// d[16, 8] = a[16, 16] · b[16, 8] with a row-major and b column-major bfloat16, by ldmatrix and mma.
KERNEL(product, (const float* a, const float* b, float* d)) {
  __shared__ __align__(16) bf16 rows[16][16], columns[8][16];
  const int lane = threadIdx.x;
  for (int i = lane; i < 256; i += 32) rows[i / 16][i % 16] = to_bf16(a[i]);
  for (int i = lane; i < 128; i += 32) columns[i / 16][i % 16] = to_bf16(b[i]);
  __syncthreads();
  unsigned fa[4], fb[4];
  load_matrices(fa, &rows[lane % 16][lane / 16 * 8]);
  load_matrices(fb, &columns[lane % 8][lane / 8 % 2 * 8]);  // the second half is the same again
  float sums[4] = {};
  const unsigned operand[2] = {fb[0], fb[1]};
  mma(sums, fa, operand);
  for (int i = 0; i < 4; ++i) d[(lane / 4 + i / 2 * 8) * 8 + lane % 4 * 2 + i % 2] = sums[i];
}

// The same with b row-major [16, 8], by the transposing load.
KERNEL(product_transposed, (const float* a, const float* b, float* d)) {
  __shared__ __align__(16) bf16 rows[16][16], rows_of_b[16][8];
  const int lane = threadIdx.x;
  for (int i = lane; i < 256; i += 32) rows[i / 16][i % 16] = to_bf16(a[i]);
  for (int i = lane; i < 128; i += 32) rows_of_b[i / 8][i % 8] = to_bf16(b[i]);
  __syncthreads();
  unsigned fa[4], fb[4];
  load_matrices(fa, &rows[lane % 16][lane / 16 * 8]);
  load_matrices_transposed(fb, &rows_of_b[lane % 16][0]);
  float sums[4] = {};
  const unsigned operand[2] = {fb[0], fb[1]};
  mma(sums, fa, operand);
  for (int i = 0; i < 4; ++i) d[(lane / 4 + i / 2 * 8) * 8 + lane % 4 * 2 + i % 2] = sums[i];
}

KERNEL(random_words, (unsigned* y)) {
  const RandomWords random = philox(0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0xa4093822u, 0x299f31d0u);
  for (int i = 0; i < 4; ++i) y[i] = random.words[i];
}

// Behind memory of 256 bytes, and behind the dynamic shared memory of 128. AddressSanitizer ends the process.
KERNEL(write_behind_memory, (float* y)) { y[threadIdx.x + 33] = 0.f; }
KERNEL(read_behind_shared, (float* y)) {
  DYNAMIC_SHARED(float, tile);
  y[threadIdx.x] = tile[threadIdx.x + 1];
}
