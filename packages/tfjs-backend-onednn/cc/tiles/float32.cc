#include "product-loops.h"
#include "products.h"

namespace onednn_backend {

const TileProducts* float32_tile_products() {
#if defined(__AVX512F__)
  static const TileProducts products = tile_products<Float32Units>();
  return &products;
#else
  return nullptr;
#endif
}

}  // namespace onednn_backend
