#include "gather.h"

#include <cstring>
#include <stdexcept>
#include <string>

#include "../parallel.h"

namespace onednn_backend {

namespace {

// Not check_range: tfjs-core's specs require this message.
void check_indices(const int32_t* indices, int64_t count, int64_t dim) {
  for (int64_t i = 0; i < count; i++) {
    if (indices[i] >= 0 && indices[i] < dim) continue;
    throw std::out_of_range("GatherV2: the index value " + std::to_string(indices[i]) + " is not in [0, " +
                            std::to_string(dim - 1) + "]");
  }
}

}  // namespace

void gather(const void* x, const int32_t* indices, void* y, const GatherShape& shape) {
  const auto [batch, outer, dim, slice, count] = shape;
  check_indices(indices, batch * count, dim);
  if (slice == 0) return;
  constexpr int64_t kElementSize = 4;
  const char* source = static_cast<const char*>(x);
  char* target = static_cast<char*>(y);
  const int64_t bytes = slice * kElementSize;
  parallel_ranges(batch * outer * count, 1 + 65536 / (1 + bytes),
                  [&, outer = outer, dim = dim, count = count](int64_t begin, int64_t end) {
                    for (int64_t i = begin; i < end; i++) {
                      const int64_t table = i / count, index = indices[table / outer * count + i % count];
                      std::memcpy(target + i * bytes, source + (table * dim + index) * bytes, bytes);
                    }
                  });
}

}  // namespace onednn_backend
