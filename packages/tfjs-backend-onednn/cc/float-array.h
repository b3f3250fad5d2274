#pragma once

#include <cstdint>

namespace onednn_backend {

struct FloatArray {
  float* data;
  int64_t size;
};

}  // namespace onednn_backend
