#pragma once

#include <napi.h>

#include <cstdint>
#include <exception>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "signals.h"

// From a JavaScript call to a C++ function, argument by argument. Only the boundary (addon.cc) includes this.
namespace onednn_backend {

// Reads the arguments of one call in their order.
class Arguments {
 public:
  explicit Arguments(const Napi::CallbackInfo& info) : info_(info) {}

  // Pointers: typed arrays of the matching type, or null. Numbers, booleans; shape structs have a specialisation.
  template <class T>
  T read();

  Napi::Value next() { return info_[index_++]; }

  // The next argument as a T, if `is` says that it is one.
  template <class T>
  T next(bool (Napi::Value::*is)() const, const char* type_name) {
    const Napi::Value value = next();
    if (!(value.*is)()) refuse(type_name);
    return value.As<T>();
  }

  Napi::Number number() { return next<Napi::Number>(&Napi::Value::IsNumber, "a number"); }

  void check_count() const {
    if (info_.Length() == index_) return;
    throw Napi::TypeError::New(info_.Env(), std::to_string(index_) + " arguments are needed, " +
                                                std::to_string(info_.Length()) + " given");
  }

  // Says what the argument that was read last has to be.
  [[noreturn]] void refuse(const char* type_names) const {
    throw Napi::TypeError::New(info_.Env(), "argument " + std::to_string(index_ - 1) + " must be " + type_names);
  }

  // The memory of a typed array whose type `accepts` returns true for; null for null alone. An array without elements has
  // no memory: kernels get a place that they do not touch, since not even no bytes may be copied from or to null.
  template <class Accepts>
  void* memory(const Accepts& accepts, const char* type_names) {
    const Napi::Value value = next();
    if (value.IsNull()) return nullptr;
    napi_typedarray_type type;
    void* data = nullptr;
    const napi_status status = napi_get_typedarray_info(info_.Env(), value, &type, nullptr, &data, nullptr, nullptr);
    if (status != napi_ok || !accepts(type)) refuse(type_names);
    alignas(16) static char nothing;
    return data == nullptr ? &nothing : data;
  }

 private:
  const Napi::CallbackInfo& info_;
  std::size_t index_ = 0;
};

template <>
inline float* Arguments::read<float*>() {
  const auto accepts = [](napi_typedarray_type type) { return type == napi_float32_array; };
  return static_cast<float*>(memory(accepts, "a Float32Array"));
}
template <>
inline const float* Arguments::read<const float*>() {
  return read<float*>();
}
template <>
inline int32_t* Arguments::read<int32_t*>() {
  const auto accepts = [](napi_typedarray_type type) { return type == napi_int32_array; };
  return static_cast<int32_t*>(memory(accepts, "an Int32Array"));
}
template <>
inline const int32_t* Arguments::read<const int32_t*>() {
  return read<int32_t*>();
}
// Float32Array or Int32Array, for kernels that only move elements
template <>
inline void* Arguments::read<void*>() {
  const auto accepts = [](napi_typedarray_type type) {
    return type == napi_float32_array || type == napi_int32_array;
  };
  return memory(accepts, "a Float32Array or an Int32Array");
}
template <>
inline const void* Arguments::read<const void*>() {
  return read<void*>();
}
template <>
inline double Arguments::read<double>() {
  return number().DoubleValue();
}
template <>
inline float Arguments::read<float>() {
  return static_cast<float>(read<double>());
}
template <>
inline int64_t Arguments::read<int64_t>() {
  return number().Int64Value();
}
template <>
inline uint32_t Arguments::read<uint32_t>() {
  return number().Uint32Value();
}
template <>
inline bool Arguments::read<bool>() {
  return next<Napi::Boolean>(&Napi::Value::IsBoolean, "a boolean").Value();
}

template <class Function>
struct Signature;
template <class Result, class... Parameters>
struct Signature<Result (*)(Parameters...)> {
  // In braces, so that arguments are read from left to right.
  static std::tuple<std::decay_t<Parameters>...> read(Arguments& arguments) {
    return std::tuple<std::decay_t<Parameters>...>{arguments.read<std::decay_t<Parameters>>()...};
  }
};

inline Napi::Value to_value(const Napi::Env& env, double value) { return Napi::Number::New(env, value); }

// A JavaScript function that calls `function`, whose exceptions become JavaScript errors.
template <auto function>
Napi::Value call(const Napi::CallbackInfo& info) {
  try {
    Arguments arguments(info);
    auto values = Signature<decltype(function)>::read(arguments);
    arguments.check_count();
    [[maybe_unused]] const SignalsHeldBack signals;
    if constexpr (std::is_void_v<decltype(std::apply(function, values))>) {
      std::apply(function, values);
      return info.Env().Undefined();
    } else {
      return to_value(info.Env(), std::apply(function, values));
    }
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::domain_error& error) {  // the values of a model are at fault, not the call
    const Napi::Error thrown = Napi::Error::New(info.Env(), error.what());
    thrown.Value().Set("code", Napi::String::New(info.Env(), "ERR_NOT_FINITE"));
    throw thrown;
  } catch (const std::exception& error) {
    throw Napi::Error::New(info.Env(), error.what());
  }
}

}  // namespace onednn_backend
