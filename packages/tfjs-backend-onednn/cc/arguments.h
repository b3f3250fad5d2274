#pragma once

#include <napi.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "float-array.h"
#include "signals.h"
#include "signature.h"

// Calls a C++ function from JavaScript: checks the arguments against the signature, then passes them on in its order.
// Only addon.cc includes this file.
namespace onednn_backend {

constexpr std::size_t kMostArguments = 24;

// Returns the weight of an index, which must have this many elements.
using WeightFunction = std::function<const float*(int64_t index, int64_t length)>;

// The memory of an ArrayBuffer.
struct Block {
  Napi::ArrayBuffer buffer;
};

// The types of a shape struct's fields, in their order: a specialisation has `using Types = FieldTypes<…>`.
template <class... Types>
struct FieldTypes {};
template <class T>
struct Fields;
template <class T, class = void>
struct HasFields : std::false_type {};
template <class T>
struct HasFields<T, std::void_t<typename Fields<T>::Types>> : std::true_type {};

// The type of the parameter that a C++ parameter of type T reads.
template <class T>
constexpr ParameterType parameter_type() {
  if constexpr (std::is_pointer_v<T>) {
    using Element = std::remove_const_t<std::remove_pointer_t<T>>;
    return std::is_same_v<Element, float>     ? ParameterType::kFloats
           : std::is_same_v<Element, int32_t> ? ParameterType::kIntegers
           : std::is_same_v<Element, double>  ? ParameterType::kDoubles
                                              : ParameterType::kWords;
  } else if constexpr (std::is_same_v<T, bool>) {
    return ParameterType::kFlag;
  } else if constexpr (std::is_floating_point_v<T>) {
    return ParameterType::kNumber;
  } else if constexpr (std::is_same_v<T, std::vector<int64_t>>) {
    return ParameterType::kNumbers;
  } else if constexpr (std::is_same_v<T, std::vector<FloatArray>>) {
    return ParameterType::kFloatArrays;
  } else if constexpr (std::is_same_v<T, WeightFunction>) {
    return ParameterType::kFunction;
  } else if constexpr (std::is_same_v<T, Block>) {
    return ParameterType::kBuffer;
  } else {
    static_assert(std::is_integral_v<T> || std::is_enum_v<T>);
    return ParameterType::kWhole;
  }
}

// The arguments of one call. The constructor reads and checks all of them; `next` returns them in their order.
class Arguments {
 public:
  Arguments(const Napi::CallbackInfo& info, const Signature& signature) : info_(info), signature_(signature) {
    const std::size_t count = signature.parameters.size();
    if (info.Length() != count) {
      refuse<Napi::TypeError>("takes " + std::to_string(count) + " arguments, not " + std::to_string(info.Length()));
    }
    // Lists first: reading an element may run JavaScript, which could detach an array that was read before.
    for (std::size_t i = 0; i < count; i++) read_list(i);
    for (std::size_t i = 0; i < count; i++) read_value(i);
    for (std::size_t i = 0; i < count; i++) check_lengths(i);
  }

  template <class T>
  T next() {
    if constexpr (HasFields<T>::value) {
      return next_fields<T>(typename Fields<T>::Types{});
    } else {
      const std::size_t index = index_++;
      const Argument& argument = arguments_[index];
      if constexpr (std::is_pointer_v<T>) {
        return static_cast<T>(argument.memory);
      } else if constexpr (std::is_same_v<T, std::vector<int64_t>>) {
        return lists_[argument.list].numbers;
      } else if constexpr (std::is_same_v<T, std::vector<FloatArray>>) {
        return lists_[argument.list].arrays;
      } else if constexpr (std::is_same_v<T, WeightFunction>) {
        return weight_function(info_[index].As<Napi::Function>());
      } else if constexpr (std::is_same_v<T, Block>) {
        return {info_[index].As<Napi::ArrayBuffer>()};
      } else if constexpr (std::is_floating_point_v<T> || std::is_same_v<T, bool>) {
        return static_cast<T>(argument.number);
      } else {
        return static_cast<T>(static_cast<int64_t>(argument.number));  // of uint32_t: modulo 2³²
      }
    }
  }

 private:
  struct Argument {
    double number = 0;       // of a number or a flag
    void* memory = nullptr;  // of a typed array; null for null
    int64_t length = 0;      // its elements
    std::size_t list = 0;    // the index of a list in lists_
  };

  struct List {
    std::vector<int64_t> numbers;
    std::vector<FloatArray> arrays;
  };

  template <class T, class... Types>
  T next_fields(FieldTypes<Types...>) {
    return {next<Types>()...};  // in braces, so that fields are read from left to right
  }

  template <class Error>
  [[noreturn]] void refuse(const std::string& what) const {
    throw Error::New(info_.Env(), signature_.name + ": " + what);
  }

  [[noreturn]] void refuse_type(std::size_t index, const char* type) const {
    const Parameter& parameter = signature_.parameters[index];
    refuse<Napi::TypeError>(parameter.name + " must be " + type + (parameter.nullable ? " or null" : ""));
  }

  std::string text_of(const Napi::Value& value) const { return value.ToString().Utf8Value(); }

  void read_list(std::size_t index) {
    const ParameterType type = signature_.parameters[index].type;
    const bool has_numbers = type == ParameterType::kNumbers;
    if (!has_numbers && type != ParameterType::kFloatArrays) return;
    const char* what = has_numbers ? "an array of whole numbers ≥ 0" : "an array of Float32Array";
    if (!info_[index].IsArray()) refuse_type(index, what);
    const Napi::Array list = info_[index].As<Napi::Array>();
    Argument& argument = arguments_[index];
    argument.length = list.Length();
    argument.list = lists_.size();
    List& elements = lists_.emplace_back();
    for (uint32_t i = 0; i < list.Length(); i++) {
      const Napi::Value element = list.Get(i);
      if (has_numbers) {
        const double number = element.IsNumber() ? element.As<Napi::Number>().DoubleValue() : -1;
        if (!is_whole(number) || number < 0) refuse_type(index, what);
        elements.numbers.push_back(static_cast<int64_t>(number));
      } else {
        FloatArray array{};
        if (!read_array(element, ParameterType::kFloats, array)) refuse_type(index, what);
        elements.arrays.push_back(array);
      }
    }
  }

  void read_value(std::size_t index) {
    const Parameter& parameter = signature_.parameters[index];
    const Napi::Value value = info_[index];
    Argument& argument = arguments_[index];
    switch (parameter.type) {
      case ParameterType::kFloats: return read_typed_array(index, "a Float32Array");
      case ParameterType::kIntegers: return read_typed_array(index, "an Int32Array");
      case ParameterType::kWords: return read_typed_array(index, "a Float32Array or an Int32Array");
      case ParameterType::kDoubles: return read_typed_array(index, "a Float64Array");
      case ParameterType::kFloatArrays:
      case ParameterType::kNumbers: return;  // see read_list
      case ParameterType::kFunction:
        if (!value.IsFunction()) refuse_type(index, "a function");
        return;
      case ParameterType::kBuffer:
        if (!value.IsArrayBuffer()) refuse_type(index, "an ArrayBuffer");
        return;
      case ParameterType::kFlag:
        if (!value.IsBoolean()) refuse_type(index, "a boolean");
        argument.number = value.As<Napi::Boolean>().Value();
        return;
      case ParameterType::kWhole:
      case ParameterType::kNumber: {
        const bool whole = parameter.type == ParameterType::kWhole;
        if (!value.IsNumber()) refuse_type(index, "a number");
        const double number = argument.number = value.As<Napi::Number>().DoubleValue();
        const bool is_inside = number >= parameter.least && number <= parameter.most;
        if (whole ? is_inside && is_whole(number) : is_inside || parameter.range.empty()) return;
        refuse<Napi::RangeError>(parameter.name + " must be a " + (whole ? "whole " : "") + "number " +
                                 parameter.range + (parameter.range.empty() ? "" : ", ") + "not " + text_of(value));
      }
    }
  }

  static bool is_whole(double number) { return std::trunc(number) == number && std::fabs(number) <= kMostWhole; }

  void read_typed_array(std::size_t index, const char* type) {
    const Parameter& parameter = signature_.parameters[index];
    if (parameter.nullable && info_[index].IsNull()) return;
    FloatArray array{};
    if (!read_array(info_[index], parameter.type, array)) refuse_type(index, type);
    arguments_[index].memory = array.data;
    arguments_[index].length = array.size;
  }

  // The memory and the length of a typed array of this type; false for anything else. An array without elements has no
  // memory. Kernels get memory that they do not touch instead, because memcpy and memset do not accept null.
  bool read_array(const Napi::Value& value, ParameterType type, FloatArray& array) const {
    napi_typedarray_type element;
    std::size_t length = 0;
    void* data = nullptr;
    if (napi_get_typedarray_info(info_.Env(), value, &element, &length, &data, nullptr, nullptr) != napi_ok)
      return false;
    const bool is_float = element == napi_float32_array, is_integer = element == napi_int32_array;
    const bool is_accepted = type == ParameterType::kFloats     ? is_float
                             : type == ParameterType::kIntegers ? is_integer
                             : type == ParameterType::kWords    ? is_float || is_integer
                                                                : element == napi_float64_array;
    alignas(16) static float nothing[4];
    array = {data == nullptr ? nothing : static_cast<float*>(data), static_cast<int64_t>(length)};
    return is_accepted;
  }

  void check_lengths(std::size_t index) const {
    const Parameter& parameter = signature_.parameters[index];
    const Argument& argument = arguments_[index];
    if (parameter.type == ParameterType::kFloatArrays) {
      if (!parameter.count.empty()) check_length(parameter.name, argument.length, "arrays", parameter.count);
      if (parameter.shape.empty()) return;
      const std::vector<FloatArray>& arrays = lists_[argument.list].arrays;
      for (std::size_t i = 0; i < arrays.size(); i++) {
        check_length(parameter.name + "[" + std::to_string(i) + "]", arrays[i].size, "elements", parameter.shape);
      }
    } else if (!parameter.shape.empty() && !(parameter.nullable && argument.memory == nullptr)) {
      check_length(parameter.name, argument.length, "elements", parameter.shape);
    }
  }

  // Sizes that are not zero multiply to at most 2⁵³, so that kernels can multiply any of them in int64.
  void check_length(const std::string& name, int64_t length, const char* of, const std::vector<Axis>& shape) const {
    double product = 1;
    bool is_empty = false;
    const auto multiply = [&](double size) {
      if (size == 0) is_empty = true;
      else product *= size;
    };
    for (const Axis& axis : shape) {
      if (axis.parameter < 0) {
        multiply(static_cast<double>(axis.constant));
      } else if (signature_.parameters[axis.parameter].type == ParameterType::kNumbers) {
        for (const int64_t number : lists_[arguments_[axis.parameter].list].numbers)
          multiply(static_cast<double>(number));
      } else {
        multiply(arguments_[axis.parameter].number + static_cast<double>(axis.constant));
      }
    }
    if (product > kMostWhole)
      refuse<Napi::RangeError>("the sizes of " + name + " (" + product_of(shape) + ") are too large");
    const double expected = is_empty ? 0 : product;
    if (static_cast<double>(length) == expected) return;
    refuse<Napi::RangeError>(name + " has " + std::to_string(length) + " " + of + ", expected " +
                             text_of(Napi::Number::New(info_.Env(), expected)) + " (" + product_of(shape) + ")");
  }

  static std::string product_of(const std::vector<Axis>& shape) {
    std::string product;
    for (const Axis& axis : shape) product += (product.empty() ? "" : " · ") + axis.text;
    return product;
  }

  // JavaScript has to keep the arrays that the function returns.
  static WeightFunction weight_function(const Napi::Function& array_of) {
    return [array_of](int64_t index, int64_t length) -> const float* {
      const Napi::Value value = array_of.Call({Napi::Number::New(array_of.Env(), static_cast<double>(index))});
      const std::string name = "weight " + std::to_string(index);
      if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_float32_array) {
        throw Napi::TypeError::New(array_of.Env(), name + " must be a Float32Array");
      }
      const Napi::Float32Array array = value.As<Napi::Float32Array>();
      if (static_cast<int64_t>(array.ElementLength()) != length) {
        throw std::invalid_argument(name + " has " + std::to_string(array.ElementLength()) + " elements, expected " +
                                    std::to_string(length));
      }
      return array.Data();
    };
  }

  const Napi::CallbackInfo& info_;
  const Signature& signature_;
  std::array<Argument, kMostArguments> arguments_;
  std::vector<List> lists_;
  std::size_t index_ = 0;
};

// Checks that the parameters of a C++ function have the types of the signature's. Throws std::logic_error.
class TypeCheck {
 public:
  explicit TypeCheck(const Signature& signature) : signature_(signature) {}

  template <class... Types>
  void check_all(FieldTypes<Types...>) {
    (check<Types>(), ...);
  }

  template <class T>
  void check() {
    if constexpr (HasFields<T>::value) {
      check_all(typename Fields<T>::Types{});
    } else {
      const Parameters& parameters = signature_.parameters;
      if (index_ >= parameters.size() || parameters[index_].type != parameter_type<T>()) fail();
      index_++;
    }
  }

  void end() const {
    if (index_ != signature_.parameters.size() || index_ > kMostArguments) fail();
  }

 private:
  [[noreturn]] void fail() const {
    throw std::logic_error(signature_.name + ": parameter " + std::to_string(index_) +
                           " of the signature does not match the C++ function");
  }

  const Signature& signature_;
  std::size_t index_ = 0;
};

// The result type and the parameters of a C++ function.
template <class Function>
struct FunctionTypes;
template <class R, class... Types>
struct FunctionTypes<R (*)(Types...)> {
  using Result = R;
  using Parameters = FieldTypes<std::decay_t<Types>...>;

  // In braces, so that arguments are read from left to right.
  static std::tuple<std::decay_t<Types>...> read(Arguments& arguments) {
    return std::tuple<std::decay_t<Types>...>{arguments.next<std::decay_t<Types>>()...};
  }
};

inline Napi::Value to_value(const Napi::Env& env, double value) { return Napi::Number::New(env, value); }
inline Napi::Value to_value(const Napi::Env& env, bool value) { return Napi::Boolean::New(env, value); }
inline Napi::Value to_value(const Napi::Env& env, const std::string& value) { return Napi::String::New(env, value); }

// The JavaScript function of `function`, whose exceptions become JavaScript errors.
template <auto function>
Napi::Value call(const Napi::CallbackInfo& info) {
  using Types = FunctionTypes<decltype(function)>;
  const Signature& signature = *static_cast<const Signature*>(info.Data());
  try {
    Arguments arguments(info, signature);
    auto values = Types::read(arguments);
    [[maybe_unused]] const SignalsHeldBack signals;
    if constexpr (std::is_void_v<typename Types::Result>) {
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
    throw Napi::Error::New(info.Env(), signature.name + ": " + error.what());
  }
}

}  // namespace onednn_backend
