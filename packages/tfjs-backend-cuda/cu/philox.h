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
  const RandomWords random = philox(static_cast<unsigned>(block), static_cast<unsigned>(block >> 32), dropout.site,
                                    dropout.micro_batch, dropout.seed, dropout.update);
  Mask4 mask;
#pragma unroll
  for (int i = 0; i < 4; ++i) mask.values[i] = random.words[i] < dropout.threshold ? 0.0f : dropout.scale;
  return mask;
}
