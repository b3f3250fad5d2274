#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace onednn_backend {

// Checks that the value at an index is in [0, size). Throws std::out_of_range.
inline void check_value(const char* what, int64_t value, int64_t index, int64_t size) {
  if (value >= 0 && value < size) return;
  throw std::out_of_range(std::string(what) + " " + std::to_string(value) + " at index " + std::to_string(index) +
                          " is not in [0, " + std::to_string(size) + ")");
}

// Checks every value, as check_value does.
inline void check_range(const char* what, const int32_t* values, int64_t count, int64_t size) {
  for (int64_t i = 0; i < count; i++) check_value(what, values[i], i, size);
}

// Checks that starts [sequences + 1] rise from 0 to `rows` by at least `shortest` each: sequence s has the rows
// [starts[s], starts[s + 1]). Throws std::out_of_range.
inline void check_starts(const char* what, const int32_t* starts, int64_t sequences, int64_t rows,
                         int64_t shortest = 0) {
  bool is_valid = starts[0] == 0 && starts[sequences] == rows;
  for (int64_t s = 0; s < sequences; s++) is_valid = is_valid && int64_t{starts[s + 1]} - starts[s] >= shortest;
  if (is_valid) return;
  throw std::out_of_range(std::string(what) + " must rise from 0 to the " + std::to_string(rows) + " rows" +
                          (shortest > 0 ? " by at least " + std::to_string(shortest) : ""));
}

// Checks that a number is in [least, most]. Throws std::invalid_argument.
inline void check_between(const char* what, int64_t value, int64_t least, int64_t most) {
  if (value >= least && value <= most) return;
  throw std::invalid_argument(std::string(what) + " must be from " + std::to_string(least) + " to " +
                              std::to_string(most) + ", not " + std::to_string(value));
}

// Checks that a size is the expected one. Throws std::invalid_argument.
inline void check_size(const char* what, int64_t size, int64_t expected) {
  if (size == expected) return;
  throw std::invalid_argument(std::string(what) + " is " + std::to_string(size) + ", expected " +
                              std::to_string(expected));
}

}  // namespace onednn_backend
