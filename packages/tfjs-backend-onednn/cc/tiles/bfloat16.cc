#include "products.h"

// Headers that other files share come before the pragma, so that they are compiled for every processor of this build.
#include <omp.h>

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "../instructions.h"
#include "../parallel.h"
#include "../storage.h"

#if defined(__AVX512F__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC target("avx512bf16")
#define TILES_HAVE_BFLOAT16  // g++ 12 does not define __AVX512BF16__ after such a pragma
#endif

#include "product-loops.h"

namespace onednn_backend {

const TileProducts* bfloat16_tile_products() {
#if defined(TILES_HAVE_BFLOAT16)
  static const TileProducts products = tile_products<Bfloat16Units>();
  static const bool serves = has_bfloat16() && !has_amx();
  return serves ? &products : nullptr;
#else
  return nullptr;
#endif
}

}  // namespace onednn_backend
