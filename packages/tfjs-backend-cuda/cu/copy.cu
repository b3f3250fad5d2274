// Copies between strided places: element [i0 … i4], whose last four axes have sizes n1 … n4, goes from x[x_first + Σ i_k · x_k]
// to y[y_first + Σ i_k · y_k]. Slices, concatenation, padding, transposition and repetition are such copies. Strides may be
// negative or 0.
#include "elements.h"

template <class T>
__device__ inline void copy(const T* x, T* y, int size, int n1, int n2, int n3, int n4, int x_first, int y_first, int x0,
                            int x1, int x2, int x3, int x4, int y0, int y1, int y2, int y3, int y4) {
  for (FOR_ELEMENTS(i, size)) {
    unsigned rest = i;
    const int i4 = rest % n4;
    rest /= n4;
    const int i3 = rest % n3;
    rest /= n3;
    const int i2 = rest % n2;
    rest /= n2;
    const int i1 = rest % n1, i0 = rest / n1;
    const int from = x_first + i0 * x0 + i1 * x1 + i2 * x2 + i3 * x3 + i4 * x4;
    y[y_first + i0 * y0 + i1 * y1 + i2 * y2 + i3 * y3 + i4 * y4] = x[from];
  }
}

KERNEL(copy_words, (const unsigned* x, unsigned* y, int size, int n1, int n2, int n3, int n4, int x_first, int y_first, int x0,
                    int x1, int x2, int x3, int x4, int y0, int y1, int y2, int y3, int y4)) {
  copy(x, y, size, n1, n2, n3, n4, x_first, y_first, x0, x1, x2, x3, x4, y0, y1, y2, y3, y4);
}

KERNEL(copy_bytes, (const unsigned char* x, unsigned char* y, int size, int n1, int n2, int n3, int n4, int x_first,
                    int y_first, int x0, int x1, int x2, int x3, int x4, int y0, int y1, int y2, int y3, int y4)) {
  copy(x, y, size, n1, n2, n3, n4, x_first, y_first, x0, x1, x2, x3, x4, y0, y1, y2, y3, y4);
}
