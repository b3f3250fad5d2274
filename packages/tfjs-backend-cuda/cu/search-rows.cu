// Rows of a Transformer that only searches, without dropout: embeddings, and what follows a sublayer. A block computes a
// row, which it keeps in shared memory.
//
// Both end with x ← norm(x) and operand = next_norm(x), the rows that the next product multiplies. A norm whose gain is
// null does nothing. The suffix of a kernel is the type of `operand`, which may be null.
// no spills
#include "parts.h"
#include "rows.h"
#include "vectors.h"

namespace {

constexpr int kThreads = 128;
constexpr float kEpsilon = 1e-5f;  // of PyTorch's LayerNorm

struct Norm {
  const float *gain, *bias;  // [columns]
};

// A thread has the groups of 4 columns threadIdx.x, threadIdx.x + kThreads, … of the row.
struct Row {
  float* values;  // in shared memory, rounded up to 4 columns; 0 beyond the last one
  int columns;

  template <class Work>
  __device__ void for_groups(const Work& work) const {
    for (int column = threadIdx.x * 4; column < columns; column += kThreads * 4) {
      work(column, *reinterpret_cast<float4*>(values + column));
    }
  }
};

__device__ inline float square_if(bool there, float x) { return there ? x * x : 0.0f; }

// row ← (row − mean) · gain / √(variance + ε) + bias
__device__ inline void normalize(const Row& row, const Norm& norm) {
  if (norm.gain == nullptr) return;
  float total = 0;
  row.for_groups([&](int, float4& v) { total += (v.x + v.y) + (v.z + v.w); });
  const float center = block_reduce<Sum>(total) / row.columns;
  float squares = 0;
  row.for_groups([&](int column, float4& v) {
    const int count = row.columns - column;
    squares += (square_if(true, v.x - center) + square_if(count > 1, v.y - center)) +
               (square_if(count > 2, v.z - center) + square_if(count > 3, v.w - center));
  });
  const float factor = 1.0f / sqrtf(block_reduce<Sum>(squares) / row.columns + kEpsilon);
  const bool aligned = are_aligned(0, norm.gain, norm.bias);
  row.for_groups([&](int column, float4& v) {
    const float4 g = load4(norm.gain + column, row.columns - column, aligned);
    const float4 b = load4(norm.bias + column, row.columns - column, aligned);
    v = make_float4((v.x - center) * factor * g.x + b.x, (v.y - center) * factor * g.y + b.y,
                    (v.z - center) * factor * g.z + b.z, (v.w - center) * factor * g.w + b.w);
  });
}

__device__ inline void store(const Row& row, float* to) {
  const bool aligned = are_aligned(0, to);
  row.for_groups([&](int column, float4& v) { store4(to + column, v, row.columns - column, aligned); });
}

__device__ inline void store(const Row& row, bf16* to) {
  row.for_groups([&](int column, float4& v) {
    const float four[4] = {v.x, v.y, v.z, v.w};
    for (int i = 0; i < 4 && column + i < row.columns; ++i) to[column + i] = to_bf16(four[i]);
  });
}

// x and operand [rows, columns]
template <class Operand>
__device__ inline void end_row(const Row& row, float* x, const Norm& norm, const Norm& next_norm, Operand* operand) {
  const size_t first = static_cast<size_t>(blockIdx.x) * row.columns;
  normalize(row, norm);
  store(row, x + first);
  if (operand == nullptr) return;
  normalize(row, next_norm);
  store(row, operand + first);
}

}  // namespace

// x[row] = scale · tokens[ids[row]] + places[positions[row]], or places[position] for all rows if `positions` is null.
// ids, positions [rows], tokens [vocab, columns], places [positions, columns]. Dynamic shared memory: a row, rounded up
// to 4 columns. Grid: [rows].
#define EMBED_ROWS(name, Operand)                                                                                    \
  BOUNDED_KERNEL(kThreads, 8, name,                                                                                  \
                 (const int* ids, const float* tokens, const int* positions, const float* places, float* x,          \
                  const float* gain, const float* bias, const float* next_gain, const float* next_bias,              \
                  Operand* operand, int position, int columns, float scale)) {                                       \
    DYNAMIC_SHARED(float, memory);                                                                                   \
    const Row row{memory, columns};                                                                                  \
    const int place = positions == nullptr ? position : positions[blockIdx.x];                                       \
    const float* token_row = tokens + static_cast<size_t>(ids[blockIdx.x]) * columns;                                \
    const float* place_row = places + static_cast<size_t>(place) * columns;                                          \
    const bool aligned = are_aligned(columns, tokens, places);                                                       \
    row.for_groups([&](int column, float4& v) {                                                                      \
      const float4 a = load4(token_row + column, columns - column, aligned);                                         \
      const float4 b = load4(place_row + column, columns - column, aligned);                                         \
      v = make_float4(scale * a.x + b.x, scale * a.y + b.y, scale * a.z + b.z, scale * a.w + b.w);                   \
    });                                                                                                              \
    end_row(row, x, Norm{gain, bias}, Norm{next_gain, next_bias}, operand);                                          \
  }

EMBED_ROWS(embed_rows_float32, float)
EMBED_ROWS(embed_rows_bfloat16, bf16)

// x ← x + (Σ_part parts[part] + sublayer_bias), in the order of the parts: the sublayer's last product and its bias.
// x [rows, columns], parts [count, rows, columns]; without parts, x stays. Dynamic shared memory: a row, rounded up to 4
// columns. Grid: [rows].
#define END_SUBLAYER(name, Operand)                                                                                  \
  BOUNDED_KERNEL(kThreads, 8, name,                                                                                  \
                 (float* x, const float* parts, const float* sublayer_bias, const float* gain, const float* bias,    \
                  const float* next_gain, const float* next_bias, Operand* operand, int columns, int count)) {       \
    DYNAMIC_SHARED(float, memory);                                                                                   \
    const Row row{memory, columns};                                                                                  \
    const bool aligned = are_aligned(columns, x, parts, sublayer_bias);                                              \
    const size_t first = static_cast<size_t>(blockIdx.x) * columns;                                                  \
    row.for_groups([&](int column, float4& v) {                                                                      \
      const int rest = columns - column;                                                                             \
      v = load4(x + first + column, rest, aligned);                                                                  \
      if (count == 0) return;                                                                                        \
      const float4 sum = sum_of_parts(parts + first + column, static_cast<size_t>(gridDim.x) * columns, count,       \
                                      sublayer_bias + column, rest, aligned);                                        \
      v = make_float4(v.x + sum.x, v.y + sum.y, v.z + sum.z, v.w + sum.w);                                           \
    });                                                                                                              \
    end_row(row, x, Norm{gain, bias}, Norm{next_gain, next_bias}, operand);                                          \
  }

END_SUBLAYER(end_sublayer_float32, float)
END_SUBLAYER(end_sublayer_bfloat16, bf16)
