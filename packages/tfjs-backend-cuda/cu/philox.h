// Counter-based dropout masks (Philox4x32-10), equal bit for bit to dropoutMask() in src/ops/philox.ts.
#pragma once
#include "portable.h"

// One dropout site in one pass. An element is dropped if its word is below the threshold; others are scaled.
// Threshold 0 means no dropout.
struct Dropout {
  unsigned threshold;
  float scale;
  unsigned seed, update, micro_batch, site;
};

// Four elements of a mask: 0 or the scale.
struct Mask4 {
  float values[4];
};

// The mask of elements 4 · block … 4 · block + 3. Each row of a table starts at a new block, so that the stride of a
// row is ⌈columns / 4⌉ blocks.
__device__ inline Mask4 dropout_mask(const Dropout& dropout, unsigned long long block) {
  unsigned c0 = static_cast<unsigned>(block), c1 = static_cast<unsigned>(block >> 32);
  unsigned c2 = dropout.site, c3 = dropout.micro_batch, k0 = dropout.seed, k1 = dropout.update;
#pragma unroll
  for (int round = 0; round < 10; ++round) {
    const unsigned high0 = __umulhi(0xd2511f53u, c0), low0 = 0xd2511f53u * c0;
    const unsigned high1 = __umulhi(0xcd9e8d57u, c2), low1 = 0xcd9e8d57u * c2;
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 += 0x9e3779b9u;
    k1 += 0xbb67ae85u;
  }
  const unsigned words[4] = {c0, c1, c2, c3};
  Mask4 mask;
#pragma unroll
  for (int i = 0; i < 4; ++i) mask.values[i] = words[i] < dropout.threshold ? 0.0f : dropout.scale;
  return mask;
}
