// y[batch, outer, i, slice] = x[batch, outer, indices[batch, i], slice]. An index outside of [0, dim) gives `outside`.
#include "elements.h"

template <class T>
__device__ inline void gather(const T* x, const int* indices, T* y, int size, int outer, int dim, int count, int slice,
                              T outside) {
  for (FOR_ELEMENTS(at, size)) {
    const unsigned s = at % slice, rest = at / slice, i = rest % count, group = rest / count, batch = group / outer;
    const int index = indices[batch * count + i];
    y[at] = index >= 0 && index < dim ? x[((int64_t)group * dim + index) * slice + s] : outside;
  }
}

KERNEL(gather_words, (const unsigned* x, const int* indices, unsigned* y, int size, int outer, int dim, int count, int slice,
                      unsigned outside)) {
  gather(x, indices, y, size, outer, dim, count, slice, outside);
}

KERNEL(gather_bytes, (const unsigned char* x, const int* indices, unsigned char* y, int size, int outer, int dim, int count,
                      int slice, unsigned outside)) {
  gather(x, indices, y, size, outer, dim, count, slice, (unsigned char)outside);
}
