// Attention whose products are computed by tensor cores (see attention-kernels.h): queries, keys, values, weights and
// their gradients are rounded to bfloat16 where they are multiplied. Sums and the softmax are float32. Tables are stored as
// float32 or as bfloat16.
// no spills
#include "attention-parts.h"

namespace {

template <int kDim>
struct Tile {
  bf16 values[kTile][kDim + 8];  // 8 more: rows that are loaded together lie in different banks
};

// Loads rows [first, first + kTile), with zeros beyond the last row and the last column.
template <int kDim>
__device__ inline void load_tile(Tile<kDim>& tile, const Rows<float>& rows, int first, int head_dim) {
  const bool aligned = are_aligned(static_cast<int>(rows.stride), rows.values);
  for (int i = threadIdx.x; i < kTile * kDim / 4; i += kThreads) {
    const int row = i / (kDim / 4), column = i % (kDim / 4) * 4;
    const float4 four = load4(rows.values + (first + row) * rows.stride + column,
                              first + row < rows.count ? head_dim - column : 0, aligned);
    unsigned* to = reinterpret_cast<unsigned*>(&tile.values[row][column]);
    to[0] = pack(four.x, four.y);
    to[1] = pack(four.z, four.w);
  }
}

// The same: copies that have arrived after wait_for_tiles.
template <int kDim>
__device__ inline void load_tile(Tile<kDim>& tile, const Rows<bf16>& rows, int first, int head_dim) {
  const bool aligned = reinterpret_cast<unsigned long long>(rows.values) % 16 == 0 && rows.stride % 8 == 0;
  for (int i = threadIdx.x; i < kTile * kDim / 8; i += kThreads) {
    const int row = i / (kDim / 8), column = i % (kDim / 8) * 8;
    const int count = first + row < rows.count ? head_dim - column : 0;
    const bf16* from = rows.values + (first + row) * rows.stride + column;
    bf16* to = &tile.values[row][column];
    if (aligned && (count <= 0 || count >= 8)) {
      copy_async(to, count > 0 ? from : rows.values, count > 0);
    } else {
      for (int j = 0; j < 8; ++j) to[j] = j < count ? from[j] : bf16{0};
    }
  }
}

__device__ inline void wait_for_tiles() {
  commit_copies();
  wait_copies<0>();
  __syncthreads();
}

// table[i][j] = rows[i] · columns[j]. A warp computes 16 x 16 elements.
template <int kDim>
__device__ inline void multiply_tiles(const Tile<kDim>& rows, const Tile<kDim>& columns, Table& table) {
  const int lane = threadIdx.x % 32, row = threadIdx.x / 64 * 16, column = threadIdx.x / 32 % 2 * 16;
  float sums[2][4] = {};
#pragma unroll
  for (int d = 0; d < kDim; d += 16) {
    unsigned a[4], b[4];
    load_matrices(a, &rows.values[row + lane % 16][d + lane / 16 * 8]);
    load_matrices(b, &columns.values[column + lane % 8 + lane / 16 * 8][d + lane / 8 % 2 * 8]);
    const unsigned first[2] = {b[0], b[1]}, second[2] = {b[2], b[3]};
    mma(sums[0], a, first);
    mma(sums[1], a, second);
  }
#pragma unroll
  for (int j = 0; j < 2; ++j) {
#pragma unroll
    for (int e = 0; e < 4; ++e) {
      table.values[row + lane / 4 + e / 2 * 8][column + j * 8 + lane % 4 * 2 + e % 2] = sums[j][e];
    }
  }
}

// The part of a [kTile, kDim] result that a thread sums. A warp has 16 rows and half of the columns, in blocks of 8; a
// thread has two rows and two columns of each block.
template <int kDim>
struct Sums {
  static constexpr int kBlocks = kDim / 16, kRows = 2;
  float values[kBlocks][4] = {};

  static __device__ int row(int i) { return threadIdx.x / 64 * 16 + threadIdx.x % 32 / 4 + i * 8; }
  static __device__ int first_column() { return threadIdx.x / 32 % 2 * (kDim / 2); }

  // row ← row · factor
  __device__ void scale(int i, float factor) {
#pragma unroll
    for (int block = 0; block < kBlocks; ++block) {
      values[block][2 * i] *= factor;
      values[block][2 * i + 1] *= factor;
    }
  }

  // += table · tile
  __device__ void add_product(const Table& table, const Tile<kDim>& tile) {
    const int lane = threadIdx.x % 32;
    const auto two = [&](int i, int k) {
      const float* from = &table.values[row(i)][k + lane % 4 * 2];
      return pack(from[0], from[1]);
    };
#pragma unroll
    for (int k = 0; k < kTile; k += 16) {
      const unsigned a[4] = {two(0, k), two(1, k), two(0, k + 8), two(1, k + 8)};
#pragma unroll
      for (int block = 0; block < kBlocks; block += 2) {
        unsigned b[4];
        load_matrices_transposed(
            b, &tile.values[k + lane % 8 + lane / 8 % 2 * 8][first_column() + block * 8 + lane / 16 * 8]);
        const unsigned first[2] = {b[0], b[1]}, second[2] = {b[2], b[3]};
        mma(values[block], a, first);
        mma(values[block + 1], a, second);
      }
    }
  }

  // Writes factor · values to the rows of a result from `first` on.
  template <class Stored>
  __device__ void store(Stored* to, size_t stride, int first, int count, int head_dim, float factor) const {
    const bool aligned = are_pairs_aligned(static_cast<int>(stride), to);
#pragma unroll
    for (int block = 0; block < kBlocks; ++block) {
      const int column = first_column() + block * 8 + threadIdx.x % 4 * 2;
#pragma unroll
      for (int i = 0; i < kRows; ++i) {
        const int at = first + row(i);
        if (at >= count || column >= head_dim) continue;
        store2(to + at * stride + column, factor * values[block][2 * i], factor * values[block][2 * i + 1],
               column + 1 < head_dim, aligned);
      }
    }
  }
};

}  // namespace

#include "attention-kernels.h"

ATTENTION(attention_32, float, 32, 4)
ATTENTION(attention_64, float, 64, 4)
ATTENTION(attention_128, float, 128, 4)
QUERY_GRADIENT(attention_query_grad_32, float, 32, 4)
QUERY_GRADIENT(attention_query_grad_64, float, 64, 4)
QUERY_GRADIENT(attention_query_grad_128, float, 128, 4)
KEY_GRADIENT(attention_key_grad_32, float, 32, 4)
KEY_GRADIENT(attention_key_grad_64, float, 64, 4)
KEY_GRADIENT(attention_key_grad_128, float, 128, 3)

ATTENTION(attention_bfloat16_32, bf16, 32, 4)
ATTENTION(attention_bfloat16_64, bf16, 64, 4)
ATTENTION(attention_bfloat16_128, bf16, 128, 4)
QUERY_GRADIENT(attention_query_grad_bfloat16_32, bf16, 32, 4)
QUERY_GRADIENT(attention_query_grad_bfloat16_64, bf16, 64, 4)
QUERY_GRADIENT(attention_query_grad_bfloat16_128, bf16, 128, 4)
KEY_GRADIENT(attention_key_grad_bfloat16_32, bf16, 32, 4)
KEY_GRADIENT(attention_key_grad_bfloat16_64, bf16, 64, 4)
KEY_GRADIENT(attention_key_grad_bfloat16_128, bf16, 128, 3)
