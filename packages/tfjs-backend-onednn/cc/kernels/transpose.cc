#include "transpose.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>

#include "../parallel.h"

namespace onednn_backend {

namespace {

// An axis of the output: its size, and the distance of one step in the input. Outermost first.
struct Axis {
  int64_t size, stride;
};

void check_permutation(const std::vector<int64_t>& permutation, std::size_t rank) {
  std::vector<bool> is_named(rank, false);
  for (const int64_t axis : permutation) {
    if (axis < static_cast<int64_t>(rank)) is_named[axis] = true;
  }
  const bool names_all = std::find(is_named.begin(), is_named.end(), false) == is_named.end();
  if (permutation.size() == rank && names_all) return;
  throw std::invalid_argument("permutation must name the " + std::to_string(rank) + " axes once each");
}

// The output's axes. Merges neighbours that are also neighbours in the input.
std::vector<Axis> merged_axes(const std::vector<int64_t>& sizes, const std::vector<int64_t>& permutation) {
  std::vector<int64_t> strides(sizes.size(), 1);
  for (int64_t axis = static_cast<int64_t>(sizes.size()) - 2; axis >= 0; axis--) {
    strides[axis] = strides[axis + 1] * sizes[axis + 1];
  }
  std::vector<Axis> axes;
  for (const int64_t axis : permutation) {
    if (sizes[axis] == 1) continue;
    if (!axes.empty() && axes.back().stride == strides[axis] * sizes[axis]) {
      axes.back() = {axes.back().size * sizes[axis], strides[axis]};
    } else {
      axes.push_back({sizes[axis], strides[axis]});
    }
  }
  return axes;
}

// y[i, j] = x[j · stride + i · row_stride]. Works in blocks, so that the cache lines of both sides stay in use.
void transpose_plane(const int32_t* x, int32_t* y, const Axis& row, const Axis& column) {
  constexpr int64_t kBlock = 32;
  for (int64_t i0 = 0; i0 < row.size; i0 += kBlock) {
    const int64_t i1 = std::min(i0 + kBlock, row.size);
    for (int64_t j0 = 0; j0 < column.size; j0 += kBlock) {
      const int64_t j1 = std::min(j0 + kBlock, column.size);
      for (int64_t i = i0; i < i1; i++) {
        for (int64_t j = j0; j < j1; j++) y[i * column.size + j] = x[j * column.stride + i * row.stride];
      }
    }
  }
}

}  // namespace

void transpose(const void* x, void* y, const std::vector<int64_t>& sizes, const std::vector<int64_t>& permutation) {
  check_permutation(permutation, sizes.size());
  std::vector<Axis> axes = merged_axes(sizes, permutation);
  while (axes.size() < 2) axes.insert(axes.begin(), {1, 0});
  const Axis column = axes.back(), row = axes[axes.size() - 2];
  const int64_t plane = row.size * column.size;
  int64_t planes = 1;
  for (std::size_t axis = 0; axis + 2 < axes.size(); axis++) planes *= axes[axis].size;
  const int32_t* source = static_cast<const int32_t*>(x);
  int32_t* target = static_cast<int32_t*>(y);
  parallel_ranges(planes, 1 + 16384 / (1 + plane), [&](int64_t begin, int64_t end) {
    for (int64_t index = begin; index < end; index++) {
      int64_t offset = 0, rest = index;
      for (int64_t axis = static_cast<int64_t>(axes.size()) - 3; axis >= 0; axis--) {
        offset += rest % axes[axis].size * axes[axis].stride;
        rest /= axes[axis].size;
      }
      const int32_t* from = source + offset;
      int32_t* to = target + index * plane;
      if (column.stride == 1) {
        for (int64_t i = 0; i < row.size; i++) {
          std::memcpy(to + i * column.size, from + i * row.stride, column.size * sizeof(int32_t));
        }
      } else {
        transpose_plane(from, to, row, column);
      }
    }
  });
}

}  // namespace onednn_backend
