#pragma once

#include <cstdint>

namespace onednn_backend {

// All in elements of 4 bytes.
struct CopyShape {
  int64_t pieces, length, source_stride, target_stride, source_offset, target_offset;
};

// target[target_offset + i · target_stride + j] = source[source_offset + i · source_stride + j], i < pieces, j < length:
// slices and concatenation along one axis.
void copy_pieces(const void* source, void* target, const CopyShape& shape);

}  // namespace onednn_backend
