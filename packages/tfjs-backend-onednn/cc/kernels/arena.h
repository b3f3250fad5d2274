#pragma once

#include <cstdint>

namespace onednn_backend {

// Operations on parameter arenas, float32 [size].

// Σ x² in float64; parts of fixed size are added in order
double squared_norm(const float* x, int64_t size);

// x ← factor · x
void scale(float* x, int64_t size, double factor);

// sum ← sum + x
void accumulate(float* sum, const float* x, int64_t size);

struct AdamScalars {
  double beta1, beta2, epsilon;
  double step_size;  // lr · √(1 − β2ᵗ) / (1 − β1ᵗ)
  double decay;      // lr · weight decay
};

//   m ← β1·m + (1−β1)·g,  v ← β2·v + (1−β2)·g²,  p ← p − decay·p,  p ← p − step_size · m / (√v + ε)
void adam_step(float* values, const float* gradients, float* first_moment, float* second_moment, int64_t size,
               const AdamScalars& scalars);

// Returns the whole pages of x to the system. They read as zeros and take no memory until they are written again.
void discard(float* x, int64_t size);

}  // namespace onednn_backend
