#include "signature.h"

#include <cmath>
#include <limits>
#include <stdexcept>

namespace onednn_backend {

namespace {

std::vector<Axis> axes_of(Shape shape) {
  std::vector<Axis> axes;
  for (const char* text : shape) axes.push_back({text});
  return axes;
}

Parameters one(const char* name, ParameterType type, Shape shape = {}) {
  Parameter parameter;
  parameter.name = name;
  parameter.type = type;
  parameter.shape = axes_of(shape);
  return {parameter};
}

Parameters in_range(const char* name, ParameterType type, double least, double most, const std::string& range) {
  Parameters parameters = one(name, type);
  parameters[0].least = least;
  parameters[0].most = most;
  parameters[0].range = range;
  return parameters;
}

Parameters whole_from(std::initializer_list<const char*> names, double least, const char* range) {
  Parameters parameters;
  for (const char* name : names) {
    parameters.push_back(in_range(name, ParameterType::kWhole, least, kMostWhole, range)[0]);
  }
  return parameters;
}

// Looks up the parameter that an axis names.
void resolve(Axis& axis, const Signature& signature) {
  if (axis.text.find_first_not_of("0123456789") == std::string::npos) {
    axis.constant = std::stoll(axis.text);
    return;
  }
  const std::size_t plus = axis.text.find("+1");
  if (plus != std::string::npos) axis.constant = 1;
  const std::string name = axis.text.substr(0, plus);
  for (std::size_t i = 0; i < signature.parameters.size(); i++) {
    const Parameter& parameter = signature.parameters[i];
    const bool has_value = parameter.type == ParameterType::kWhole || parameter.type == ParameterType::kNumbers;
    if (has_value && parameter.name == name) axis.parameter = static_cast<int>(i);
  }
  if (axis.parameter < 0) throw std::logic_error(signature.name + ": no size is named " + name);
}

const char* typescript_type(ParameterType type) {
  switch (type) {
    case ParameterType::kFloats: return "Float32Array";
    case ParameterType::kIntegers: return "Int32Array";
    case ParameterType::kWords: return "Float32Array | Int32Array";
    case ParameterType::kDoubles: return "Float64Array";
    case ParameterType::kFloatArrays: return "readonly Float32Array[]";
    case ParameterType::kNumbers: return "readonly number[]";
    case ParameterType::kFunction: return "(index: number) => Float32Array";
    case ParameterType::kBuffer: return "ArrayBuffer";
    case ParameterType::kFlag: return "boolean";
    default: return "number";
  }
}

std::string quoted(const std::string& text) { return "\"" + text + "\""; }

std::string json_of(const std::vector<Axis>& axes) {
  std::string list;
  for (const Axis& axis : axes) list += (list.empty() ? "" : ",") + quoted(axis.text);
  return "[" + list + "]";
}

std::string json_of(const Parameter& parameter) {
  return "{\"name\":" + quoted(parameter.name) + ",\"type\":" + quoted(typescript_type(parameter.type)) +
         ",\"nullable\":" + (parameter.nullable ? "true" : "false") + ",\"shape\":" + json_of(parameter.shape) +
         ",\"count\":" + json_of(parameter.count) + ",\"range\":" + quoted(parameter.range) + "}";
}

}  // namespace

Signature::Signature(const char* name, std::initializer_list<Parameters> groups, std::string result)
    : name(name), result(std::move(result)), parameters(group(groups)) {
  for (Parameter& parameter : parameters) {
    for (Axis& axis : parameter.shape) resolve(axis, *this);
    for (Axis& axis : parameter.count) resolve(axis, *this);
  }
}

std::string Signature::json() const {
  std::string list;
  for (const Parameter& parameter : parameters) list += (list.empty() ? "" : ",") + json_of(parameter);
  return "{\"name\":" + quoted(name) + ",\"parameters\":[" + list + "],\"result\":" + quoted(result) + "}";
}

Parameters floats(const char* name, Shape shape) { return one(name, ParameterType::kFloats, shape); }
Parameters integers(const char* name, Shape shape) { return one(name, ParameterType::kIntegers, shape); }
Parameters words(const char* name, Shape shape) { return one(name, ParameterType::kWords, shape); }
Parameters doubles(const char* name, Shape shape) { return one(name, ParameterType::kDoubles, shape); }
Parameters float_arrays(const char* name, const char* count, Shape shape) {
  Parameters parameters = one(name, ParameterType::kFloatArrays, shape);
  parameters[0].count = axes_of({count});
  return parameters;
}
Parameters float_arrays(const char* name) { return one(name, ParameterType::kFloatArrays); }
Parameters numbers(const char* name, Shape shape) { return one(name, ParameterType::kNumbers, shape); }
Parameters weight_function(const char* name) { return one(name, ParameterType::kFunction); }
Parameters buffer(const char* name) { return one(name, ParameterType::kBuffer); }

Parameters sizes(std::initializer_list<const char*> names) { return whole_from(names, 0, "≥ 0"); }
Parameters counts(std::initializer_list<const char*> names) { return whole_from(names, 1, "≥ 1"); }
Parameters whole(const char* name, int64_t least, int64_t most) {
  const std::string range = "from " + std::to_string(least) + " to " + std::to_string(most);
  return in_range(name, ParameterType::kWhole, static_cast<double>(least), static_cast<double>(most), range);
}
Parameters whole(const char* name) { return in_range(name, ParameterType::kWhole, -kMostWhole, kMostWhole, ""); }

Parameters number(const char* name) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return in_range(name, ParameterType::kNumber, -kInfinity, kInfinity, "");
}
Parameters positive_number(const char* name) {
  constexpr double kLeast = std::numeric_limits<double>::denorm_min(), kMost = std::numeric_limits<double>::max();
  return in_range(name, ParameterType::kNumber, kLeast, kMost, "> 0");
}
Parameters probability(const char* name) {
  return in_range(name, ParameterType::kNumber, 0, std::nextafter(1.0, 0.0), "in [0, 1)");
}
Parameters flag(const char* name) { return one(name, ParameterType::kFlag); }

Parameters group(std::initializer_list<Parameters> groups) {
  Parameters all;
  for (const Parameters& parameters : groups) all.insert(all.end(), parameters.begin(), parameters.end());
  return all;
}

Parameters or_null(Parameters parameters) {
  for (Parameter& parameter : parameters) parameter.nullable = true;
  return parameters;
}

}  // namespace onednn_backend
