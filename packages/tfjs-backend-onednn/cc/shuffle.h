#pragma once

#include <cstdint>

#include "inline.h"

namespace onednn_backend {

#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define HAS_SHUFFLEVECTOR
#endif
#endif

/** Returns the lanes of two vectors in a new order. The lanes of `a` count from 0; those of `b` follow. */
template <int... kOrder, typename Vector>
INLINE Vector shuffle(Vector a, Vector b) {
#if defined(HAS_SHUFFLEVECTOR)  // clang, and GCC from version 12
  return __builtin_shufflevector(a, b, kOrder...);
#else
  typedef int32_t Order __attribute__((vector_size(sizeof(Vector))));
  return __builtin_shuffle(a, b, Order{kOrder...});
#endif
}

}  // namespace onednn_backend
