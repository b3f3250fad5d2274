// y[i, j] = condition[i] ? a[i, j] : b[i, j], with j < inner, and conversions between types.
#include "elements.h"

template <class T>
__device__ inline void select(const unsigned char* condition, const T* a, const T* b, T* y, int size, int inner) {
  for (FOR_ELEMENTS(i, size)) y[i] = condition[i / inner] ? a[i] : b[i];
}

KERNEL(select_words, (const unsigned char* condition, const unsigned* a, const unsigned* b, unsigned* y, int size, int inner)) {
  select(condition, a, b, y, size, inner);
}

KERNEL(select_bytes, (const unsigned char* condition, const unsigned char* a, const unsigned char* b, unsigned char* y,
                      int size, int inner)) {
  select(condition, a, b, y, size, inner);
}

KERNEL(float_to_int, (const float* x, int* y, int size)) {
  for (FOR_ELEMENTS(i, size)) y[i] = to_int32(x[i]);
}

KERNEL(float_to_bool, (const float* x, unsigned char* y, int size)) {
  for (FOR_ELEMENTS(i, size)) y[i] = x[i] != 0.f;
}

KERNEL(int_to_float, (const int* x, float* y, int size)) {
  for (FOR_ELEMENTS(i, size)) y[i] = x[i];
}

KERNEL(int_to_bool, (const int* x, unsigned char* y, int size)) {
  for (FOR_ELEMENTS(i, size)) y[i] = x[i] != 0;
}

KERNEL(bool_to_float, (const unsigned char* x, float* y, int size)) {
  for (FOR_ELEMENTS(i, size)) y[i] = x[i];
}

KERNEL(bool_to_int, (const unsigned char* x, int* y, int size)) {
  for (FOR_ELEMENTS(i, size)) y[i] = x[i];
}

KERNEL(logical_not, (const unsigned char* x, unsigned char* y, int size)) {
  for (FOR_ELEMENTS(i, size)) y[i] = !x[i];
}
