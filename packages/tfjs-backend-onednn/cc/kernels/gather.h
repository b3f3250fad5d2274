#pragma once

#include <cstdint>

namespace onednn_backend {

struct GatherShape {
  int64_t batch, outer, dim, slice, count;
};

// y[b, o, i, :] = x[b, o, indices[b, i], :] in elements of 4 bytes;  x [batch, outer, dim, slice], indices [batch,
// count], y [batch, outer, count, slice]. Throws std::out_of_range for an index outside [0, dim).
void gather(const void* x, const int32_t* indices, void* y, const GatherShape& shape);

}  // namespace onednn_backend
