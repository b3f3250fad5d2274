#pragma once

#include <cstdint>
#include <vector>

#include "../rounding.h"
#include "../storage.h"

// Matrix products with weights that are packed once, for translation: few rows, and weights that do not change. They
// share little with the products of training (../tiles):
//   here threads share columns, there rows
//   here rows are converted first, with a scale in int8; there float32 rows are read in place, masked and prefetched
//   here every processor is supported; there only AVX-512, and oneDNN computes the other products
namespace onednn_backend {

// Without the AVX-512 instructions for them (bf16, VNNI), products of bfloat16 and int8 are correct but slow.
enum class Precision { float32, bfloat16, int8 };

constexpr int64_t kPanelColumns = 32;  // two AVX-512 registers of float32

inline int64_t whole_panels(int64_t columns) { return round_up(columns, kPanelColumns); }

// Rows of activations as a product reads them. float32: the values. bfloat16: uint16_t. int8: uint8_t, where 128 means
// 0 and x = scale[row] · (value − 128); the scale is the row's largest magnitude / 127.
class GemmInput {
 public:
  // Makes room for [rows, columns]. Must not be called within a job.
  void reserve(int64_t rows, int64_t columns, Precision precision);
  // Sets one row: converts it, or copies it if a float32 row comes from elsewhere.
  void set_row(int64_t row, const float* values);

  const void* data() const { return data_; }
  const float* scales() const { return scales_; }
  int64_t stride() const { return stride_; }  // elements per row; whole panels
  // A float32 row, to be written directly instead of by set_row.
  float* row(int64_t row) { return static_cast<float*>(data_) + row * stride_; }
  Precision precision() const { return precision_; }

 private:
  Buffer memory_, scale_memory_;
  void* data_ = nullptr;
  float* scales_ = nullptr;
  int64_t columns_ = 0, stride_ = 0;
  Precision precision_ = Precision::float32;
};

// y = x · Wᵀ + bias, W [out, in].
class PackedLinear {
 public:
  PackedLinear(const float* weight, const float* bias, int64_t in, int64_t out, Precision precision);

  // dst [rows, stride()] ← relu(src[first …] · Wᵀ + bias)
  void multiply(const GemmInput& src, int64_t first, int64_t rows, float* dst, bool relu) const;

  int64_t out() const { return out_; }
  int64_t stride() const {
    return whole_panels(out_);
  }  // elements per row of the result; those beyond `out` are arbitrary

 private:
  void multiply_panels(const GemmInput& src, int64_t first, int64_t rows, float* dst, bool relu, int64_t first_panel,
                       int64_t last_panel) const;
  void pack_panel(const float* weight, int64_t panel);
  void quantize_column(const float* row, int64_t column, int8_t* target);

  int64_t in_, out_, depth_;  // depth: elements per packed column
  Precision precision_;
  Buffer packed_;
  std::vector<float> bias_, scales_;   // [stride]; scales of int8 weights
  std::vector<int32_t> compensation_;  // [stride], −128 · Σ_k of int8 weights
};

}  // namespace onednn_backend
