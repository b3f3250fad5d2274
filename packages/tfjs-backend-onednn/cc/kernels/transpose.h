#pragma once

#include <cstdint>
#include <vector>

namespace onednn_backend {

// y[i_perm[0], i_perm[1], …] = x[i_0, i_1, …] in elements of 4 bytes;  sizes: the shape of x. Throws
// std::invalid_argument unless the permutation names every axis once.
void transpose(const void* x, void* y, const std::vector<int64_t>& sizes, const std::vector<int64_t>& permutation);

}  // namespace onednn_backend
