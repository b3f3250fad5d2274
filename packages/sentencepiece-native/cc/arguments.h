#pragma once

#include <napi.h>

#include <cmath>
#include <cstdint>
#include <string>

namespace sentencepiece_addon {

[[noreturn]] inline void RefuseArgument(const char* name, const Napi::Value& value, const std::string& wanted) {
  const std::string message = std::string(name) + " is " + value.ToString().Utf8Value() + "; it has to be " + wanted;
  throw Napi::Error::New(value.Env(), message);
}

/** An integer from `least` to `most`: JavaScript's own conversion makes 0 of NaN and wraps 2^32. */
inline int64_t Integer(const char* name, const Napi::Value& value, int64_t least, int64_t most) {
  const double number = value.As<Napi::Number>().DoubleValue();
  const bool fits = number >= static_cast<double>(least) && number <= static_cast<double>(most);
  if (!fits || number != std::floor(number)) {
    RefuseArgument(name, value, "an integer from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return static_cast<int64_t>(number);
}

inline float Finite(const char* name, const Napi::Value& value) {
  const float number = value.As<Napi::Number>().FloatValue();
  if (!std::isfinite(number)) RefuseArgument(name, value, "a finite number");
  return number;
}

}  // namespace sentencepiece_addon
