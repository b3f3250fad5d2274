#pragma once

namespace onednn_backend {

// count / unit, rounded up.
template <class Integer>
constexpr Integer ceil_divide(Integer count, Integer unit) {
  return (count + unit - 1) / unit;
}

// The smallest multiple of `unit` that is at least `value`.
template <class Integer>
constexpr Integer round_up(Integer value, Integer unit) {
  return ceil_divide(value, unit) * unit;
}

}  // namespace onednn_backend
