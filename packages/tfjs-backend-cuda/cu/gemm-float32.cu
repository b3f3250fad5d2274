// C = alpha · op(A) · op(B) [+ C] [+ bias] [ReLU], row-major float32, strict: products and sums by fused multiply-add.
//
// op(A) is [m, k] and op(B) is [k, n]. The suffix of a kernel says how they are stored: n as they are, t transposed.
// Each element of C is summed in the order of k, so the size of the tiles does not change a bit.
// no spills
#include "gemm.h"

namespace {

constexpr int kDepth = 8;  // columns of op(A) in shared memory at once

// A block computes kRows x kColumns of C. The 32 lanes of a warp are 4 x 8; each has `kRowGroups` groups of 4 rows, 16
// rows apart, and `kColumnGroups` groups of 4 columns, 32 columns apart.
template <int kWarpRows, int kWarpColumns, int kRowGroups_, int kColumnGroups_>
struct Tiling {
  static constexpr int kRowGroups = kRowGroups_, kColumnGroups = kColumnGroups_;
  static constexpr int kWarpColumnCount = kWarpColumns;
  static constexpr int kRows = kWarpRows * kRowGroups * 16, kColumns = kWarpColumns * kColumnGroups * 32;
  static constexpr int kThreads = 32 * kWarpRows * kWarpColumns;
};
using Large = Tiling<4, 2, 2, 2>;  // 128 x 128
using Small = Tiling<2, 2, 2, 1>;  // 64 x 64, for products with too few large tiles to fill the device

// A panel in shared memory, [kDepth][kWidth]: the rows of op(A), or the columns of op(B), of kDepth columns or rows. The
// groups of 16 elements of a row are permuted, so that neither stores nor loads meet in one bank.
template <int kWidth>
struct alignas(16) Panel {
  float values[kDepth][kWidth];
  static __device__ int place(int k, int at) { return at ^ k / 4 % 2 * 16; }
  __device__ float4 read(int k, int at) const { return *reinterpret_cast<const float4*>(&values[k][place(k, at)]); }
};

// Moves panels of an operand from global to shared memory, through registers. kAlongDepth: the elements of one row of
// op(A) (or column of op(B)) follow each other in memory.
template <int kWidth, int kThreads, bool kAlongDepth>
struct Mover {
  static constexpr int kCount = kWidth * kDepth / 4 / kThreads;
  float4 loaded[kCount];
  const float* from;
  int stride, width, depth;  // width, depth: elements from the first of this tile to the end
  bool aligned;

  __device__ void load(int first) {
#pragma unroll
    for (int i = 0; i < kCount; ++i) {
      const int index = threadIdx.x + i * kThreads;
      if (kAlongDepth) {
        const int at = index / (kDepth / 4), k = first + index % (kDepth / 4) * 4;
        loaded[i] = load4(from + static_cast<size_t>(at) * stride + k, at < width ? depth - k : 0, aligned);
      } else {
        const int k = first + index / (kWidth / 4), at = index % (kWidth / 4) * 4;
        loaded[i] = load4(from + static_cast<size_t>(k) * stride + at, k < depth ? width - at : 0, aligned);
      }
    }
  }

  __device__ void store(Panel<kWidth>& panel) const {
#pragma unroll
    for (int i = 0; i < kCount; ++i) {
      const int index = threadIdx.x + i * kThreads;
      if (kAlongDepth) {
        const int at = index / (kDepth / 4), k = index % (kDepth / 4) * 4, place = Panel<kWidth>::place(k, at);
        panel.values[k][place] = loaded[i].x;
        panel.values[k + 1][place] = loaded[i].y;
        panel.values[k + 2][place] = loaded[i].z;
        panel.values[k + 3][place] = loaded[i].w;
      } else {
        const int k = index / (kWidth / 4), at = index % (kWidth / 4) * 4;
        *reinterpret_cast<float4*>(&panel.values[k][Panel<kWidth>::place(k, at)]) = loaded[i];
      }
    }
  }
};

__device__ inline void multiply_add(float (&sums)[4], float a, float4 b) {
  sums[0] = fmaf(a, b.x, sums[0]);
  sums[1] = fmaf(a, b.y, sums[1]);
  sums[2] = fmaf(a, b.z, sums[2]);
  sums[3] = fmaf(a, b.w, sums[3]);
}

template <class Tile, bool kTransposeA, bool kTransposeB>
__device__ inline void gemm(const float* a, const float* b, float* c, const Shape& shape, const Epilogue& epilogue,
                            int part) {
  __shared__ Panel<Tile::kRows> a_panels[2];
  __shared__ Panel<Tile::kColumns> b_panels[2];
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int row0 = blockIdx.y * Tile::kRows, column0 = blockIdx.x * Tile::kColumns;
  const int my_row = warp / Tile::kWarpColumnCount * Tile::kRowGroups * 16 + lane / 8 * 4;
  const int my_column = warp % Tile::kWarpColumnCount * Tile::kColumnGroups * 32 + lane % 8 * 4;

  const int all_steps = (shape.k + kDepth - 1) / kDepth, steps = (all_steps + shape.splits - 1) / shape.splits;
  const int begin = min(part * steps * kDepth, shape.k), end = min(begin + steps * kDepth, shape.k);

  Mover<Tile::kRows, Tile::kThreads, !kTransposeA> a_mover;
  a_mover.from = a + (kTransposeA ? row0 : static_cast<size_t>(row0) * shape.lda);
  a_mover.stride = shape.lda, a_mover.width = shape.m - row0, a_mover.depth = end;
  a_mover.aligned = are_aligned(shape.lda, a);
  Mover<Tile::kColumns, Tile::kThreads, kTransposeB> b_mover;
  b_mover.from = b + (kTransposeB ? static_cast<size_t>(column0) * shape.ldb : column0);
  b_mover.stride = shape.ldb, b_mover.width = shape.n - column0, b_mover.depth = end;
  b_mover.aligned = are_aligned(shape.ldb, b);

  float sums[Tile::kRowGroups][4][Tile::kColumnGroups][4] = {};
  a_mover.load(begin);
  b_mover.load(begin);
  a_mover.store(a_panels[0]);
  b_mover.store(b_panels[0]);
  __syncthreads();
  for (int first = begin, current = 0; first < end; first += kDepth, current ^= 1) {
    const bool has_next = first + kDepth < end;
    if (has_next) {
      a_mover.load(first + kDepth);
      b_mover.load(first + kDepth);
    }
#pragma unroll
    for (int k = 0; k < kDepth; ++k) {
      float4 rows[Tile::kRowGroups], columns[Tile::kColumnGroups];
#pragma unroll
      for (int i = 0; i < Tile::kRowGroups; ++i) rows[i] = a_panels[current].read(k, my_row + i * 16);
#pragma unroll
      for (int j = 0; j < Tile::kColumnGroups; ++j) columns[j] = b_panels[current].read(k, my_column + j * 32);
#pragma unroll
      for (int i = 0; i < Tile::kRowGroups; ++i) {
#pragma unroll
        for (int j = 0; j < Tile::kColumnGroups; ++j) {
          multiply_add(sums[i][0][j], rows[i].x, columns[j]);
          multiply_add(sums[i][1][j], rows[i].y, columns[j]);
          multiply_add(sums[i][2][j], rows[i].z, columns[j]);
          multiply_add(sums[i][3][j], rows[i].w, columns[j]);
        }
      }
    }
    if (has_next) {
      a_mover.store(a_panels[current ^ 1]);
      b_mover.store(b_panels[current ^ 1]);
      __syncthreads();
    }
  }

  const bool aligned = are_aligned(shape.ldc, c);
#pragma unroll
  for (int j = 0; j < Tile::kColumnGroups; ++j) {
    const int column = column0 + my_column + j * 32, count = shape.n - column;
    const float4 bias =
        epilogue.bias == nullptr ? make_float4(0, 0, 0, 0) : load4(epilogue.bias + column, count, false);
#pragma unroll
    for (int i = 0; i < Tile::kRowGroups * 4; ++i) {
      const int row = row0 + my_row + i / 4 * 16 + i % 4;
      if (row >= shape.m) continue;
      float* to = c + static_cast<size_t>(row) * shape.ldc + column;
      const float4 before = epilogue.accumulate ? load4(to, count, aligned) : make_float4(0, 0, 0, 0);
      const float(&sum)[4] = sums[i / 4][i % 4][j];
      store4(to,
             make_float4(finish(epilogue, sum[0], before.x, bias.x), finish(epilogue, sum[1], before.y, bias.y),
                         finish(epilogue, sum[2], before.z, bias.z), finish(epilogue, sum[3], before.w, bias.w)),
             count, aligned);
    }
  }
}

}  // namespace

GEMM_NORMAL_A(gemm_float32, float, float)
GEMM_TRANSPOSED_A(gemm_float32, float, float)
GEMM_FINISH(gemm_float32_finish, float)
