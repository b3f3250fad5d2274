#include "packed-gemm.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

#include "../bfloat16.h"
#include "../inline.h"
#include "../instructions.h"
#include "../parallel.h"
#include "../rounding.h"
#include "../small-gemm.h"

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace onednn_backend {

namespace {

typedef float Floats16 __attribute__((vector_size(64)));

// Rows of the kernel's tile. Its accumulators, two registers per row, fill the available registers.
#if defined(__AVX512F__)
constexpr int64_t kTileRows = 12;
#else
constexpr int64_t kTileRows = 3;
#endif
constexpr int64_t kFlopsOfPart = 1 << 15;      // less than this is not worth a thread
constexpr int64_t kBlockRows = 8 * kTileRows;  // rows that stay in the cache while all panels of weights are read

// Elements that one lane multiplies at once. The length of a packed column is a multiple of them.
int64_t lane_elements(Precision precision) {
  return precision == Precision::int8 ? 4 : precision == Precision::bfloat16 ? 2 : 1;
}

int64_t element_bytes(Precision precision) {
  return precision == Precision::int8 ? 1 : precision == Precision::bfloat16 ? 2 : 4;
}

// Throws std::domain_error if a value is NaN or infinite, which int8 cannot represent.
INLINE float largest_magnitude(const char* what, const float* values, int64_t count) {
  float top = 0, zero = 0;
#pragma omp simd reduction(max : top) reduction(+ : zero)
  for (int64_t i = 0; i < count; i++) {
    const float magnitude = std::fabs(values[i]);
    top = magnitude > top ? magnitude : top;
    zero += values[i] * 0.0f;
  }
  if (zero != 0) throw std::domain_error(std::string(what) + " of an int8 product are NaN or infinite");
  return top;
}

// round(value · factor) in [−127, 127]: adding 1.5·2²³ leaves the integer in the low bits.
INLINE int32_t quantized(float value, float factor) {
  constexpr float kRound = 12582912.0f;
  const float shifted = value * factor + kRound;
  int32_t bits;
  std::memcpy(&bits, &shifted, sizeof bits);
  return bits - 0x4b400000;
}

// Writes the rounded values, then zeros up to `padded`.
INLINE void to_bfloat16(const float* values, int64_t count, uint16_t* target, int64_t padded) {
  for (int64_t i = 0; i < count; i++) target[i] = rounded_to_bfloat16(values[i]);
  for (int64_t i = count; i < padded; i++) target[i] = 0;
}

// One tile: rows times a panel.
struct Tile {
  const char* rows;  // the first row
  int64_t row_bytes;
  const char* panel;
  int64_t groups;     // groups of lane_elements along the depth
  const float* bias;  // [32]
  float* dst;
  int64_t dst_stride;
  bool relu;
  const float* row_scales;      // int8
  const float* column_scales;   // int8, [32]
  const int32_t* compensation;  // int8, [32]
};

INLINE void store(float* dst, Floats16 value, bool relu) {
  if (relu) value = value < 0 ? Floats16{} : value;  // NaN stays
  std::memcpy(dst, &value, sizeof value);
}

INLINE Floats16 load(const void* source) {
  Floats16 value;
  std::memcpy(&value, source, sizeof value);
  return value;
}

template <int ROWS>
void tile_float32(const Tile& tile) {
  Floats16 left[ROWS], right[ROWS];
#pragma GCC unroll 12
  for (int i = 0; i < ROWS; i++) left[i] = right[i] = Floats16{};
  const float* a = reinterpret_cast<const float*>(tile.rows);
  const float* b = reinterpret_cast<const float*>(tile.panel);
  const int64_t stride = tile.row_bytes / 4;
  for (int64_t k = 0; k < tile.groups; k++) {
    const Floats16 b_left = load(b + k * kPanelColumns), b_right = load(b + k * kPanelColumns + 16);
#pragma GCC unroll 12
    for (int i = 0; i < ROWS; i++) {
      const Floats16 value = Floats16{} + a[i * stride + k];
      left[i] += value * b_left;
      right[i] += value * b_right;
    }
  }
  const Floats16 bias_left = load(tile.bias), bias_right = load(tile.bias + 16);
#pragma GCC unroll 12
  for (int i = 0; i < ROWS; i++) {
    store(tile.dst + i * tile.dst_stride, left[i] + bias_left, tile.relu);
    store(tile.dst + i * tile.dst_stride + 16, right[i] + bias_right, tile.relu);
  }
}

// Correct but slow, for processors without bfloat16 instructions.
template <int ROWS>
void tile_bfloat16_plain(const Tile& tile) {
  const uint16_t* b = reinterpret_cast<const uint16_t*>(tile.panel);
#pragma GCC unroll 12
  for (int i = 0; i < ROWS; i++) {
    const uint16_t* a = reinterpret_cast<const uint16_t*>(tile.rows + i * tile.row_bytes);
    float sums[kPanelColumns] = {};
    for (int64_t k = 0; k < tile.groups; k++) {
      const float first = to_float(a[2 * k]), second = to_float(a[2 * k + 1]);
      for (int64_t j = 0; j < kPanelColumns; j++) {
        const uint16_t* pair = b + 2 * (k * kPanelColumns + j);
        sums[j] += first * to_float(pair[0]) + second * to_float(pair[1]);
      }
    }
    for (int64_t j = 0; j < kPanelColumns; j += 16) {
      store(tile.dst + i * tile.dst_stride + j, load(sums + j) + load(tile.bias + j), tile.relu);
    }
  }
}

template <int ROWS>
void tile_int8_plain(const Tile& tile) {
  const int8_t* b = reinterpret_cast<const int8_t*>(tile.panel);
#pragma GCC unroll 12
  for (int i = 0; i < ROWS; i++) {
    const uint8_t* a = reinterpret_cast<const uint8_t*>(tile.rows + i * tile.row_bytes);
    int32_t sums[kPanelColumns];
    std::memcpy(sums, tile.compensation, sizeof sums);
    for (int64_t k = 0; k < tile.groups; k++) {
      for (int64_t j = 0; j < kPanelColumns; j++) {
        const int8_t* weights = b + 4 * (k * kPanelColumns + j);
        for (int64_t e = 0; e < 4; e++) sums[j] += int32_t{a[4 * k + e]} * int32_t{weights[e]};
      }
    }
    float* dst = tile.dst + i * tile.dst_stride;
    for (int64_t j = 0; j < kPanelColumns; j++) {
      const float value = static_cast<float>(sums[j]) * (tile.row_scales[i] * tile.column_scales[j]) + tile.bias[j];
      dst[j] = tile.relu && value < 0 ? 0 : value;
    }
  }
}

#if defined(__AVX512F__)
#define TARGET_BF16 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))
#define TARGET_VNNI __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))

template <int ROWS>
TARGET_BF16 void tile_bfloat16(const Tile& tile) {
  __m512 left[ROWS], right[ROWS];
#pragma GCC unroll 12
  for (int i = 0; i < ROWS; i++) left[i] = right[i] = _mm512_setzero_ps();
  const char* b = tile.panel;
  for (int64_t k = 0; k < tile.groups; k++, b += 128) {
    const __m512bh b_left = (__m512bh)_mm512_loadu_si512(b), b_right = (__m512bh)_mm512_loadu_si512(b + 64);
#pragma GCC unroll 12
    for (int i = 0; i < ROWS; i++) {
      int32_t pair;
      std::memcpy(&pair, tile.rows + i * tile.row_bytes + 4 * k, sizeof pair);
      const __m512bh value = (__m512bh)_mm512_set1_epi32(pair);
      left[i] = _mm512_dpbf16_ps(left[i], value, b_left);
      right[i] = _mm512_dpbf16_ps(right[i], value, b_right);
    }
  }
  const __m512 bias_left = _mm512_loadu_ps(tile.bias), bias_right = _mm512_loadu_ps(tile.bias + 16);
  const __m512 floor = _mm512_set1_ps(tile.relu ? 0.0f : -INFINITY);
#pragma GCC unroll 12
  for (int i = 0; i < ROWS; i++) {
    float* dst = tile.dst + i * tile.dst_stride;  // max(floor, NaN) is NaN
    _mm512_storeu_ps(dst, _mm512_max_ps(floor, _mm512_add_ps(left[i], bias_left)));
    _mm512_storeu_ps(dst + 16, _mm512_max_ps(floor, _mm512_add_ps(right[i], bias_right)));
  }
}

// sums += the four products of each lane. GCC 12 would keep the accumulators of its intrinsic in memory.
INLINE TARGET_VNNI void add_products(__m512i& sums, __m512i unsigned_bytes, __m512i signed_bytes) {
  asm("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(unsigned_bytes), "v"(signed_bytes));
}

template <int ROWS>
TARGET_VNNI void tile_int8(const Tile& tile) {
  __m512i left[ROWS], right[ROWS];
  const __m512i start_left = _mm512_loadu_si512(tile.compensation),
                start_right = _mm512_loadu_si512(tile.compensation + 16);
#pragma GCC unroll 12
  for (int i = 0; i < ROWS; i++) left[i] = start_left, right[i] = start_right;
  const char* b = tile.panel;
  for (int64_t k = 0; k < tile.groups; k++, b += 128) {
    const __m512i b_left = _mm512_loadu_si512(b), b_right = _mm512_loadu_si512(b + 64);
#pragma GCC unroll 12
    for (int i = 0; i < ROWS; i++) {
      int32_t four;
      std::memcpy(&four, tile.rows + i * tile.row_bytes + 4 * k, sizeof four);
      const __m512i value = _mm512_set1_epi32(four);
      add_products(left[i], value, b_left);
      add_products(right[i], value, b_right);
    }
  }
  const __m512 bias_left = _mm512_loadu_ps(tile.bias), bias_right = _mm512_loadu_ps(tile.bias + 16);
  const __m512 scale_left = _mm512_loadu_ps(tile.column_scales), scale_right = _mm512_loadu_ps(tile.column_scales + 16);
  const __m512 floor = _mm512_set1_ps(tile.relu ? 0.0f : -INFINITY);
#pragma GCC unroll 12
  for (int i = 0; i < ROWS; i++) {
    float* dst = tile.dst + i * tile.dst_stride;
    const __m512 scale = _mm512_set1_ps(tile.row_scales[i]);
    const __m512 y_left = _mm512_fmadd_ps(_mm512_cvtepi32_ps(left[i]), _mm512_mul_ps(scale, scale_left), bias_left);
    const __m512 y_right = _mm512_fmadd_ps(_mm512_cvtepi32_ps(right[i]), _mm512_mul_ps(scale, scale_right), bias_right);
    _mm512_storeu_ps(dst, _mm512_max_ps(floor, y_left));
    _mm512_storeu_ps(dst + 16, _mm512_max_ps(floor, y_right));
  }
}
#endif

using TileKernel = void (*)(const Tile&);

// The kernels for 1 to kTileRows rows.
struct TileKernels {
  TileKernel of_rows[kTileRows + 1];
};

template <class Make, int... ROWS>
TileKernels kernels_of(const Make& make, std::integer_sequence<int, ROWS...>) {
  return {{nullptr, make(std::integral_constant<int, ROWS + 1>())...}};
}

template <class Make>
TileKernels kernels_of(const Make& make) {
  return kernels_of(make, std::make_integer_sequence<int, kTileRows>());
}

TileKernels choose_kernels(Precision precision) {
  switch (precision) {
    case Precision::bfloat16:
#if defined(__AVX512F__)
      if (has_bfloat16()) return kernels_of([](auto rows) { return &tile_bfloat16<decltype(rows)::value>; });
#endif
      return kernels_of([](auto rows) { return &tile_bfloat16_plain<decltype(rows)::value>; });
    case Precision::int8:
#if defined(__AVX512F__)
      if (has_vnni()) return kernels_of([](auto rows) { return &tile_int8<decltype(rows)::value>; });
#endif
      return kernels_of([](auto rows) { return &tile_int8_plain<decltype(rows)::value>; });
    default: return kernels_of([](auto rows) { return &tile_float32<decltype(rows)::value>; });
  }
}

const TileKernels& kernels(Precision precision) {
  static const TileKernels known[] = {choose_kernels(Precision::float32), choose_kernels(Precision::bfloat16),
                                      choose_kernels(Precision::int8)};
  return known[static_cast<int>(precision)];
}

}  // namespace

void GemmInput::reserve(int64_t rows, int64_t columns, Precision precision) {
  columns_ = columns;
  precision_ = precision;
  stride_ = whole_panels(columns);
  data_ = memory_.reserve(std::max<int64_t>(rows, 1) * stride_ * element_bytes(precision));
  scales_ = static_cast<float*>(scale_memory_.reserve(std::max<int64_t>(rows, 1) * sizeof(float)));
}

void GemmInput::set_row(int64_t row, const float* values) {
  switch (precision_) {
    case Precision::float32: {
      float* target = this->row(row);
      if (target != values) std::memcpy(target, values, columns_ * sizeof(float));
      return;
    }
    case Precision::bfloat16:
      to_bfloat16(values, columns_, static_cast<uint16_t*>(data_) + row * stride_, stride_);
      return;
    case Precision::int8: {
      uint8_t* target = static_cast<uint8_t*>(data_) + row * stride_;
      const float top = largest_magnitude("activations", values, columns_);
      const float factor = top > 0 ? 127.0f / top : 0;
      for (int64_t i = 0; i < columns_; i++) target[i] = static_cast<uint8_t>(quantized(values[i], factor) + 128);
      for (int64_t i = columns_; i < stride_; i++) target[i] = 128;
      scales_[row] = top / 127.0f;
    }
  }
}

PackedLinear::PackedLinear(const float* weight, const float* bias, int64_t in, int64_t out, Precision precision)
    : in_(in), out_(out), depth_(round_up(in, lane_elements(precision))), precision_(precision), bias_(stride(), 0.0f) {
  if (bias != nullptr) std::copy(bias, bias + out, bias_.begin());
  if (precision == Precision::int8) {
    scales_.assign(stride(), 0.0f);
    compensation_.assign(stride(), 0);
  }
  packed_.reserve(stride() * depth_ * element_bytes(precision));
  parallel_tasks(stride() / kPanelColumns, [&](int64_t panel) { pack_panel(weight, panel); });
}

// Packs the columns of a panel for the kernels: transposes groups of lane elements, which have 4 bytes in every
// precision.
void PackedLinear::pack_panel(const float* weight, int64_t panel) {
  const int64_t first = panel * kPanelColumns, columns = std::min(kPanelColumns, out_ - first);
  const int64_t groups = depth_ / lane_elements(precision_);
  float* target = static_cast<float*>(packed_.data()) + panel * kPanelColumns * groups;
  if (precision_ == Precision::float32) {
    pack_transposed(weight + first * in_, in_, target, kPanelColumns, columns, groups);
    return;
  }
  float* words = thread_scratch(kPanelColumns * groups);
  for (int64_t j = 0; j < columns; j++) {
    const float* row = weight + (first + j) * in_;
    if (precision_ == Precision::bfloat16)
      to_bfloat16(row, in_, reinterpret_cast<uint16_t*>(words + j * groups), depth_);
    else quantize_column(row, first + j, reinterpret_cast<int8_t*>(words + j * groups));
  }
  pack_transposed(words, groups, target, kPanelColumns, columns, groups);
}

void PackedLinear::quantize_column(const float* row, int64_t column, int8_t* target) {
  const float top = largest_magnitude("weights", row, in_);
  const float factor = top > 0 ? 127.0f / top : 0;
  int32_t sum = 0;
  for (int64_t k = 0; k < in_; k++) {
    const int32_t value = quantized(row[k], factor);
    target[k] = static_cast<int8_t>(value);
    sum += value;
  }
  std::fill(target + in_, target + depth_, int8_t{0});
  scales_[column] = top / 127.0f;
  compensation_[column] = -128 * sum;
}

void PackedLinear::multiply(const GemmInput& src, int64_t first, int64_t rows, float* dst, bool relu) const {
  const int64_t flops_of_panel = 2 * rows * depth_ * kPanelColumns;
  parallel_ranges(stride() / kPanelColumns, items_of_part(flops_of_panel, kFlopsOfPart),
                  [=, &src](int64_t begin, int64_t end) { multiply_panels(src, first, rows, dst, relu, begin, end); });
}

void PackedLinear::multiply_panels(const GemmInput& src, int64_t first, int64_t rows, float* dst, bool relu,
                                   int64_t first_panel, int64_t last_panel) const {
  const TileKernels& tiles = kernels(precision_);
  const int64_t bytes = element_bytes(precision_), row_bytes = src.stride() * bytes;
  const int64_t panel_bytes = kPanelColumns * depth_ * bytes;
  for (int64_t block = 0; block < rows; block += kBlockRows) {
    const int64_t end = std::min(block + kBlockRows, rows);
    for (int64_t panel = first_panel; panel < last_panel; panel++) {
      const int64_t column = panel * kPanelColumns;
      Tile tile{};
      tile.row_bytes = row_bytes;
      tile.panel = static_cast<const char*>(packed_.data()) + panel * panel_bytes;
      tile.groups = depth_ / lane_elements(precision_);
      tile.bias = bias_.data() + column;
      tile.dst_stride = stride();
      tile.relu = relu;
      if (precision_ == Precision::int8) {
        tile.column_scales = scales_.data() + column;
        tile.compensation = compensation_.data() + column;
      }
      for (int64_t row = block; row < end; row += kTileRows) {
        tile.rows = static_cast<const char*>(src.data()) + (first + row) * row_bytes;
        tile.dst = dst + row * stride() + column;
        tile.row_scales = src.scales() + first + row;
        tiles.of_rows[std::min(kTileRows, end - row)](tile);
      }
    }
  }
}

}  // namespace onednn_backend
