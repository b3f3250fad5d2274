#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

// The signatures of the add-on's functions: the name, type and length of every argument. addon.cc lists them. Every
// call is checked against its signature (arguments.h), and test/addon-signatures.test.ts writes the TypeScript types
// from them.
namespace onednn_backend {

constexpr double kMostWhole = 9007199254740991.0;  // Number.MAX_SAFE_INTEGER of JavaScript

enum class ParameterType {
  kFloats,       // Float32Array
  kIntegers,     // Int32Array
  kWords,        // Float32Array or Int32Array, for kernels that only move elements
  kDoubles,      // Float64Array
  kFloatArrays,  // an array of Float32Array
  kNumbers,      // an array of whole numbers
  kFunction,     // a function of an index that returns a Float32Array
  kBuffer,       // ArrayBuffer
  kWhole,        // a whole number
  kNumber,
  kFlag  // boolean
};

// One axis of an array: a constant such as "3", the parameter of this name, or that parameter plus one ("sequences+1").
struct Axis {
  std::string text;
  int parameter = -1;  // its index in the signature; -1 for a constant
  int64_t constant = 0;
};

struct Parameter {
  std::string name;
  ParameterType type;
  std::vector<Axis> shape;  // of an array; empty: any length
  std::vector<Axis> count;  // of kFloatArrays: how many arrays, one axis; empty: any number
  bool nullable = false;
  double least = 0, most = 0;  // of a number
  std::string range;           // the same in words
};

using Parameters = std::vector<Parameter>;

class Signature {
 public:
  // Concatenates the groups and looks up the parameters that axes name. Throws std::logic_error for an unknown name.
  Signature(const char* name, std::initializer_list<Parameters> groups, std::string result);

  // A Signature of src/addon.ts.
  std::string json() const;

  std::string name, result;
  Parameters parameters;
};

// The parameters of a signature, one by one or in groups. `shape` lists axes: {"rows", "columns"}.
using Shape = std::initializer_list<const char*>;
Parameters floats(const char* name, Shape shape = {});
Parameters integers(const char* name, Shape shape = {});
Parameters words(const char* name, Shape shape = {});
Parameters doubles(const char* name, Shape shape = {});
// Arrays of equal shape; `count` is an axis.
Parameters float_arrays(const char* name, const char* count, Shape shape);
// Arrays that the kernel checks.
Parameters float_arrays(const char* name);
// Whole numbers ≥ 0. As an axis, such an array stands for the product of its numbers.
Parameters numbers(const char* name, Shape shape = {});
Parameters weight_function(const char* name);
Parameters buffer(const char* name);
Parameters sizes(std::initializer_list<const char*> names);   // whole, ≥ 0
Parameters counts(std::initializer_list<const char*> names);  // whole, ≥ 1
Parameters whole(const char* name, int64_t least, int64_t most);
Parameters whole(const char* name);  // of any sign
Parameters number(const char* name);
Parameters positive_number(const char* name);
Parameters probability(const char* name);  // in [0, 1)
Parameters flag(const char* name);
Parameters or_null(Parameters parameters);
Parameters group(std::initializer_list<Parameters> groups);

}  // namespace onednn_backend
