#pragma once

#include <cstdint>

namespace onednn_backend {

// In elements of 4 bytes.
struct CopyShape {
  int64_t pieces, length, source_stride, target_stride, source_offset, target_offset;
};

// target[i, target_offset + j] = source[i, source_offset + j] for i < pieces, j < length: slices and concatenation
// along one axis. source [pieces, source_stride], target [pieces, target_stride]. Throws std::out_of_range for a piece
// that is longer.
void copy_pieces(const void* source, void* target, const CopyShape& shape);

}  // namespace onednn_backend
