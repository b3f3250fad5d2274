// What a matrix product does with a sum: C = alpha · sum [+ C] [+ bias] [ReLU].
#pragma once
#include "portable.h"

struct Epilogue {
  const float* bias;  // one per column, or null
  float alpha;
  bool accumulate, relu;
};

__device__ inline float finish(const Epilogue& epilogue, float sum, float before, float bias) {
  const float value = epilogue.alpha * sum + (before + bias);
  return epilogue.relu && value < 0 ? 0.0f : value;  // NaN stays
}
