// Conversions of arrays between float32 and bfloat16.
#include "elements.h"
#include "vectors.h"

namespace {
constexpr int kThreads = 256;
}

// y ← x, exact.
BOUNDED_KERNEL(kThreads, 4, bfloat16_to_float32, (const bf16* x, float* y, int size)) {
  const bool aligned = are_aligned(0, x, y);
  for (FOR_ELEMENTS(group, size / 4 + 1)) {
    const int first = group * 4;
    store4(y + first, load4(x + first, size - first, aligned), size - first, aligned);
  }
}
