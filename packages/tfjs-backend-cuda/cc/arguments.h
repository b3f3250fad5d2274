#pragma once

#include <napi.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// Reads the arguments of a call from JavaScript. Every method throws a TypeError or RangeError that names the function
// and the argument.
namespace cuda_backend {

constexpr double kMostWhole = 9007199254740991.0;  // Number.MAX_SAFE_INTEGER of JavaScript
constexpr double kMostInt = 2147483647.0;
constexpr double kMostUnsigned = 4294967295.0;

struct Bytes {
  void* data;
  std::size_t size;
};

class Arguments {
 public:
  Arguments(const Napi::CallbackInfo& info, const char* function, std::size_t count)
      : info_(info), function_(function) {
    if (info.Length() == count) return;
    refuse<Napi::TypeError>("takes " + std::to_string(count) + " arguments, not " + std::to_string(info.Length()));
  }

  double number(const char* name, double least, double most) {
    const Napi::Value value = next();
    if (!value.IsNumber()) refuse<Napi::TypeError>(std::string(name) + " must be a number");
    const double number = value.As<Napi::Number>().DoubleValue();
    if (number >= least && number <= most && std::trunc(number) == number) return number;
    refuse<Napi::RangeError>(std::string(name) + " must be a whole number from " + text_of(least) + " to " +
                             text_of(most) + ", not " + value.ToString().Utf8Value());
  }

  float real(const char* name) {
    const Napi::Value value = next();
    if (!value.IsNumber()) refuse<Napi::TypeError>(std::string(name) + " must be a number");
    return value.As<Napi::Number>().FloatValue();
  }

  std::size_t size(const char* name, double least = 0, double most = kMostWhole) {
    return static_cast<std::size_t>(number(name, least, most));
  }

  unsigned count(const char* name, double least = 0, double most = kMostInt) {
    return static_cast<unsigned>(number(name, least, most));
  }

  std::string text(const char* name) {
    const Napi::Value value = next();
    if (!value.IsString()) refuse<Napi::TypeError>(std::string(name) + " must be a string");
    return value.As<Napi::String>().Utf8Value();
  }

  std::vector<std::string> texts(const char* name) {
    const Napi::Value value = next();
    std::vector<std::string> all;
    const std::string problem = std::string(name) + " must be an array of strings";
    if (!value.IsArray()) refuse<Napi::TypeError>(problem);
    const Napi::Array list = value.As<Napi::Array>();
    for (std::uint32_t i = 0; i < list.Length(); ++i) {
      const Napi::Value element = list.Get(i);
      if (!element.IsString()) refuse<Napi::TypeError>(problem);
      all.push_back(element.As<Napi::String>().Utf8Value());
    }
    return all;
  }

  // The memory of a typed array.
  Bytes typed_array(const char* name) {
    const Napi::Value value = next();
    if (!value.IsTypedArray()) refuse<Napi::TypeError>(std::string(name) + " must be a typed array");
    const Napi::TypedArray array = value.As<Napi::TypedArray>();
    char* data = static_cast<char*>(array.ArrayBuffer().Data());
    return {data == nullptr ? nullptr : data + array.ByteOffset(), data == nullptr ? 0 : array.ByteLength()};
  }

  Bytes array_buffer(const char* name) {
    const Napi::Value value = next();
    if (!value.IsArrayBuffer()) refuse<Napi::TypeError>(std::string(name) + " must be an ArrayBuffer");
    Napi::ArrayBuffer buffer = value.As<Napi::ArrayBuffer>();
    return {buffer.Data(), buffer.ByteLength()};
  }

  // What the called function was created with.
  void* data() const { return info_.Data(); }

  template <class Error>
  [[noreturn]] void refuse(const std::string& what) const {
    throw Error::New(info_.Env(), std::string(function_) + ": " + what);
  }

 private:
  Napi::Value next() { return info_[index_++]; }

  static std::string text_of(double whole) { return std::to_string(static_cast<std::int64_t>(whole)); }

  const Napi::CallbackInfo& info_;
  const char* function_;
  std::size_t index_ = 0;
};

}  // namespace cuda_backend
