#include "copy.h"

#include <cstring>
#include <stdexcept>

#include "../parallel.h"

namespace onednn_backend {

namespace {

void check_piece(int64_t offset, int64_t length, int64_t stride) {
  if (offset > stride || length > stride - offset)
    throw std::out_of_range("offset + length must be at most the stride");
}

}  // namespace

void copy_pieces(const void* source, void* target, const CopyShape& shape) {
  check_piece(shape.source_offset, shape.length, shape.source_stride);
  check_piece(shape.target_offset, shape.length, shape.target_stride);
  constexpr int64_t kElementSize = 4;
  const char* from = static_cast<const char*>(source) + shape.source_offset * kElementSize;
  char* to = static_cast<char*>(target) + shape.target_offset * kElementSize;
  parallel_ranges(shape.pieces, 1 + 32768 / (1 + shape.length), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      std::memcpy(to + i * shape.target_stride * kElementSize, from + i * shape.source_stride * kElementSize,
                  shape.length * kElementSize);
    }
  });
}

}  // namespace onednn_backend
