#pragma once

#include <algorithm>
#include <cstddef>

namespace mpi_addon {

/** The range [from, to) of a vector. */
struct Slice {
  std::size_t from;
  std::size_t to;
  std::size_t length() const { return to - from; }
};

/** As in slices.ts: the range of a rank; the first `length mod size` ranks have one element more. */
inline Slice SliceOf(std::size_t length, int rank, int size) {
  const std::size_t longer = length % size, shortest = length / size;
  const auto start_of = [=](std::size_t index) { return index * shortest + std::min(index, longer); };
  return {start_of(rank), start_of(rank + 1)};
}

}  // namespace mpi_addon
