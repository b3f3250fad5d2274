// y[i] = value: a 32-bit word, of float32 or int32.
#include "portable.h"

KERNEL(fill_word, (unsigned* y, unsigned value, int size)) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < size; i += gridDim.x * blockDim.x) y[i] = value;
}
