#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace onednn_backend {

// Checks that the value at an index lies in [0, size). @throws std::out_of_range
inline void check_value(const char* what, int32_t value, int64_t index, int64_t size) {
  if (value >= 0 && value < size) return;
  throw std::out_of_range(std::string(what) + " " + std::to_string(value) + " at index " + std::to_string(index) +
                          " is not in [0, " + std::to_string(size) + ")");
}

// The same for every value.
inline void check_range(const char* what, const int32_t* values, int64_t count, int64_t size) {
  for (int64_t i = 0; i < count; i++) check_value(what, values[i], i, size);
}

}  // namespace onednn_backend
