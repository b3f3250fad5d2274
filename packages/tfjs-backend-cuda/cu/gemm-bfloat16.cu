// C = alpha · op(A) · op(B) [+ C] [+ bias] [ReLU], row-major: bfloat16 operands, products by tensor cores, float32 sums.
// C is float32, or rounded to bfloat16 when it is written.
//
// op(A) is [m, k] and op(B) is [k, n]. The suffix of a kernel says how they are stored: n as they are, t transposed.
// Each element of C is summed in the order of k, 16 at a time, so the size of the tiles does not change a bit.
// no spills
// tensor cores, except in gemm_bfloat16_finish
// asynchronous copies, except in gemm_bfloat16_finish
#include "gemm.h"

namespace {

constexpr int kDepth = 32;  // columns of op(A) in a stage
constexpr int kStages = 3;  // in shared memory at once: one is multiplied while the next ones are copied
constexpr int kPadding = 8;  // elements after each row, which spread rows over the banks

// A block computes kRows x kColumns of C; each warp kRowBlocks · 16 x kColumnBlocks · 8 of them.
template <int kWarpRows, int kWarpColumns_, int kRowBlocks_, int kColumnBlocks_>
struct Tiling {
  static constexpr int kWarpColumns = kWarpColumns_, kRowBlocks = kRowBlocks_, kColumnBlocks = kColumnBlocks_;
  static constexpr int kRows = kWarpRows * kRowBlocks * 16, kColumns = kWarpColumns * kColumnBlocks * 8;
  static constexpr int kThreads = 32 * kWarpRows * kWarpColumns;
};
using Large = Tiling<2, 4, 4, 4>;  // 128 x 128
using Small = Tiling<2, 2, 2, 4>;  // 64 x 64, for products with too few large tiles to fill the device

// A stage of an operand in shared memory as it is stored: rows of op(A) (columns of op(B)) of kDepth elements, or kDepth
// rows of kWidth elements.
template <int kWidth, bool kAlongDepth>
struct Stage {
  static constexpr int kRows = kAlongDepth ? kWidth : kDepth, kColumns = kAlongDepth ? kDepth : kWidth;
  bf16 values[kRows][kColumns + kPadding];

  // Starts to copy the stage that begins at `depth`. width, end: the elements beyond count as 0.
  template <int kThreads>
  __device__ void copy(const bf16* from, int stride, int depth, int width, int end, bool aligned) {
    const int rows = kAlongDepth ? width : end - depth, columns = kAlongDepth ? end - depth : width;
    const bf16* first = from + (kAlongDepth ? depth : static_cast<size_t>(depth) * stride);
    for (int i = threadIdx.x; i < kRows * kColumns / 8; i += kThreads) {
      const int row = i / (kColumns / 8), column = i % (kColumns / 8) * 8, count = row < rows ? columns - column : 0;
      const bf16* source = first + static_cast<size_t>(row) * stride + column;
      bf16* target = &values[row][column];
      if (aligned && (count <= 0 || count >= 8)) {
        copy_async(target, count > 0 ? source : from, count > 0);
      } else {
        for (int j = 0; j < 8; ++j) target[j] = j < count ? source[j] : bf16{0};
      }
    }
  }

  // The 16 x 16 elements of op(A) from (at, k) on as mma takes them.
  __device__ void load_rows(unsigned (&to)[4], int at, int k) const {
    const int lane = threadIdx.x % 32;
    if (kAlongDepth) {
      load_matrices(to, &values[at + lane % 16][k + lane / 16 * 8]);
    } else {
      load_matrices_transposed(to, &values[k + lane % 8 + lane / 16 * 8][at + lane / 8 % 2 * 8]);
    }
  }

  // The 16 x 16 elements of op(B) from (k, at) on, as two operands of mma with 8 columns each.
  __device__ void load_columns(unsigned (&to)[4], int k, int at) const {
    const int lane = threadIdx.x % 32;
    if (kAlongDepth) {
      load_matrices(to, &values[at + lane % 8 + lane / 16 * 8][k + lane / 8 % 2 * 8]);
    } else {
      load_matrices_transposed(to, &values[k + lane % 8 + lane / 8 % 2 * 8][at + lane / 16 * 8]);
    }
  }
};

template <class Tile, bool kTransposeA, bool kTransposeB>
struct Stages {
  Stage<Tile::kRows, !kTransposeA> a[kStages];
  Stage<Tile::kColumns, kTransposeB> b[kStages];
};

// Whether eight elements at a time are multiples of 16 bytes.
__device__ inline bool are_copied_whole(const bf16* values, int stride) {
  return reinterpret_cast<unsigned long long>(values) % 16 == 0 && stride % 8 == 0;
}

template <class Tile, bool kTransposeA, bool kTransposeB, class Result>
__device__ inline void gemm(const bf16* a, const bf16* b, Result* c, const Shape& shape, const Epilogue& epilogue,
                            int part) {
  DYNAMIC_SHARED(char, dynamic);
  auto& stages = *reinterpret_cast<Stages<Tile, kTransposeA, kTransposeB>*>(dynamic);
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int row0 = blockIdx.y * Tile::kRows, column0 = blockIdx.x * Tile::kColumns;
  const int my_row = warp / Tile::kWarpColumns * Tile::kRowBlocks * 16;
  const int my_column = warp % Tile::kWarpColumns * Tile::kColumnBlocks * 8;
  const bf16* a_from = a + (kTransposeA ? row0 : static_cast<size_t>(row0) * shape.lda);
  const bf16* b_from = b + (kTransposeB ? static_cast<size_t>(column0) * shape.ldb : column0);
  const bool a_aligned = are_copied_whole(a, shape.lda), b_aligned = are_copied_whole(b, shape.ldb);

  const int all_steps = (shape.k + kDepth - 1) / kDepth, part_steps = (all_steps + shape.splits - 1) / shape.splits;
  const int begin = min(part * part_steps * kDepth, shape.k), end = min(begin + part_steps * kDepth, shape.k);
  const int steps = (end - begin + kDepth - 1) / kDepth;
  const auto fetch = [&](int step) {
    if (step < steps) {
      const int depth = begin + step * kDepth, stage = step % kStages;
      stages.a[stage].template copy<Tile::kThreads>(a_from, shape.lda, depth, shape.m - row0, end, a_aligned);
      stages.b[stage].template copy<Tile::kThreads>(b_from, shape.ldb, depth, shape.n - column0, end, b_aligned);
    }
    commit_copies();  // also without copies, so that the number of groups is that of steps
  };

  float sums[Tile::kRowBlocks][Tile::kColumnBlocks][4] = {};
  for (int step = 0; step < kStages - 1; ++step) fetch(step);
  for (int step = 0; step < steps; ++step) {
    wait_copies<kStages - 2>();
    __syncthreads();  // the copies of all threads have arrived, and the stage that is fetched next is no longer read
    fetch(step + kStages - 1);
    const auto& a_stage = stages.a[step % kStages];
    const auto& b_stage = stages.b[step % kStages];
#pragma unroll
    for (int k = 0; k < kDepth; k += 16) {
      unsigned rows[Tile::kRowBlocks][4], columns[Tile::kColumnBlocks][2];
#pragma unroll
      for (int i = 0; i < Tile::kRowBlocks; ++i) a_stage.load_rows(rows[i], my_row + i * 16, k);
#pragma unroll
      for (int j = 0; j < Tile::kColumnBlocks; j += 2) {
        unsigned two[4];
        b_stage.load_columns(two, k, my_column + j * 8);
        columns[j][0] = two[0], columns[j][1] = two[1], columns[j + 1][0] = two[2], columns[j + 1][1] = two[3];
      }
#pragma unroll
      for (int i = 0; i < Tile::kRowBlocks; ++i) {
#pragma unroll
        for (int j = 0; j < Tile::kColumnBlocks; ++j) mma(sums[i][j], rows[i], columns[j]);
      }
    }
  }
  wait_copies<0>();

  const bool aligned = are_pairs_aligned(shape.ldc, c);
#pragma unroll
  for (int j = 0; j < Tile::kColumnBlocks; ++j) {
    const int column = column0 + my_column + j * 8 + lane % 4 * 2;
    if (column >= shape.n) continue;
    const bool has_second = column + 1 < shape.n;
    const float bias = epilogue.bias == nullptr ? 0.0f : epilogue.bias[column];
    const float second_bias = epilogue.bias == nullptr || !has_second ? 0.0f : epilogue.bias[column + 1];
#pragma unroll
    for (int i = 0; i < Tile::kRowBlocks; ++i) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int row = row0 + my_row + i * 16 + lane / 4 + half * 8;
        if (row >= shape.m) continue;
        Result* to = c + static_cast<size_t>(row) * shape.ldc + column;
        const float before = epilogue.accumulate ? to_float(to[0]) : 0.0f;
        const float second_before = epilogue.accumulate && has_second ? to_float(to[1]) : 0.0f;
        store2(to, finish(epilogue, sums[i][j][half * 2], before, bias),
               finish(epilogue, sums[i][j][half * 2 + 1], second_before, second_bias), has_second, aligned);
      }
    }
  }
}

}  // namespace

GEMM_NORMAL_A(gemm_bfloat16, bf16, float)
GEMM_TRANSPOSED_A(gemm_bfloat16, bf16, float)  // gradients of weights: always float32
GEMM_NORMAL_A(gemm_bfloat16_rounded, bf16, bf16)
GEMM_FINISH(gemm_bfloat16_finish, bf16)
