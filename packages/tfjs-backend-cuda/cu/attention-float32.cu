// Attention in strict float32 (see attention-kernels.h): products and sums by fused multiply-add.
// no spills
#include "attention-parts.h"

namespace {

template <int kDim>
struct Tile {
  float values[kTile][kDim + 4];
};

// Loads rows [first, first + kTile), with zeros beyond the last row and the last column.
template <int kDim>
__device__ inline void load_tile(Tile<kDim>& tile, const Rows<float>& rows, int first, int head_dim) {
  const bool aligned = are_aligned(static_cast<int>(rows.stride), rows.values);
  for (int i = threadIdx.x; i < kTile * kDim / 4; i += kThreads) {
    const int row = i / (kDim / 4), column = i % (kDim / 4) * 4;
    *reinterpret_cast<float4*>(&tile.values[row][column]) =
        load4(rows.values + (first + row) * rows.stride + column, first + row < rows.count ? head_dim - column : 0,
              aligned);
  }
}

__device__ inline void wait_for_tiles() { __syncthreads(); }

// table[i][j] = rows[i] · columns[j]
template <int kDim>
__device__ inline void multiply_tiles(const Tile<kDim>& rows, const Tile<kDim>& columns, Table& table) {
  const int row = threadIdx.x / 8, column = threadIdx.x % 8;
  float sums[2][4] = {};
#pragma unroll 4
  for (int d = 0; d < kDim; d += 4) {
    float4 a[2], b[4];
#pragma unroll
    for (int i = 0; i < 2; ++i) a[i] = *reinterpret_cast<const float4*>(&rows.values[row + i * 16][d]);
#pragma unroll
    for (int j = 0; j < 4; ++j) b[j] = *reinterpret_cast<const float4*>(&columns.values[column + j * 8][d]);
#pragma unroll
    for (int i = 0; i < 2; ++i) {
#pragma unroll
      for (int j = 0; j < 4; ++j) sums[i][j] = dot(a[i], b[j], sums[i][j]);
    }
  }
#pragma unroll
  for (int i = 0; i < 2; ++i) {
#pragma unroll
    for (int j = 0; j < 4; ++j) table.values[row + i * 16][column + j * 8] = sums[i][j];
  }
}

// The part of a [kTile, kDim] result that a thread sums: kRows rows, kStep apart, and in each kGroups groups of 4
// columns.
template <int kDim>
struct Sums {
  static constexpr int kLanes = kDim / 4 < 16 ? kDim / 4 : 16;
  static constexpr int kGroups = kDim / 4 / kLanes, kStep = kThreads / kLanes, kRows = kTile / kStep;
  float values[kRows][kGroups][4] = {};

  static __device__ int row(int i) { return threadIdx.x / kLanes + i * kStep; }
  static __device__ int column(int group) { return (threadIdx.x % kLanes + group * kLanes) * 4; }

  // row ← row · factor
  __device__ void scale(int i, float factor) {
#pragma unroll
    for (int group = 0; group < kGroups; ++group) {
#pragma unroll
      for (int c = 0; c < 4; ++c) values[i][group][c] *= factor;
    }
  }

  // += table · tile
  __device__ void add_product(const Table& table, const Tile<kDim>& tile) {
#pragma unroll 2
    for (int k = 0; k < kTile; k += 4) {
      float weights[kRows][4];
#pragma unroll
      for (int i = 0; i < kRows; ++i) {
        const float4 four = *reinterpret_cast<const float4*>(&table.values[row(i)][k]);
        weights[i][0] = four.x, weights[i][1] = four.y, weights[i][2] = four.z, weights[i][3] = four.w;
      }
#pragma unroll
      for (int j = 0; j < 4; ++j) {
#pragma unroll
        for (int group = 0; group < kGroups; ++group) {
          const float4 v = *reinterpret_cast<const float4*>(&tile.values[k + j][column(group)]);
#pragma unroll
          for (int i = 0; i < kRows; ++i) {
            float(&sums)[4] = values[i][group];
            sums[0] = fmaf(weights[i][j], v.x, sums[0]);
            sums[1] = fmaf(weights[i][j], v.y, sums[1]);
            sums[2] = fmaf(weights[i][j], v.z, sums[2]);
            sums[3] = fmaf(weights[i][j], v.w, sums[3]);
          }
        }
      }
    }
  }

  // Writes factor · values to the rows of a result from `first` on.
  __device__ void store(float* to, size_t stride, int first, int count, int head_dim, float factor) const {
    const bool aligned = are_aligned(static_cast<int>(stride), to);
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
      if (first + row(i) >= count) continue;
#pragma unroll
      for (int group = 0; group < kGroups; ++group) {
        const float(&v)[4] = values[i][group];
        store4(to + (first + row(i)) * stride + column(group),
               make_float4(factor * v[0], factor * v[1], factor * v[2], factor * v[3]), head_dim - column(group),
               aligned);
      }
    }
  }
};

}  // namespace

#include "attention-kernels.h"

ATTENTION(attention_16, float, 16, 4)
ATTENTION(attention_32, float, 32, 4)
ATTENTION(attention_64, float, 64, 4)
ATTENTION(attention_128, float, 128, 4)
QUERY_GRADIENT(attention_query_grad_16, float, 16, 4)
QUERY_GRADIENT(attention_query_grad_32, float, 32, 4)
QUERY_GRADIENT(attention_query_grad_64, float, 64, 3)
QUERY_GRADIENT(attention_query_grad_128, float, 128, 2)
KEY_GRADIENT(attention_key_grad_16, float, 16, 4)
KEY_GRADIENT(attention_key_grad_32, float, 32, 4)
KEY_GRADIENT(attention_key_grad_64, float, 64, 4)
KEY_GRADIENT(attention_key_grad_128, float, 128, 2)
