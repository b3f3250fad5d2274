// A stand-in for libcublasLt.so.12 in tests, on the memory of the emulated driver (libcuda.cc). It knows what
// cc/cublaslt.cc uses, refuses everything else, and computes when the stream does.
#include <dlfcn.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace {

// Numbers of the library's enumerations.
enum Status { kSuccess = 0, kInvalidValue = 7, kExecutionFailed = 13, kNotSupported = 15 };
enum Type { kFloat32 = 0, kBfloat16 = 14 };
enum DescriptionAttribute { kTransposeA = 3, kTransposeB = 4, kEpilogue = 7, kBiasPointer = 8 };
enum PreferenceAttribute { kMostWorkspace = 1, kAlignmentA = 5, kAlignmentD = 8 };
enum Epilogue { kPlain = 1, kBias = 4 };
constexpr int kComputeFloat32 = 68;

struct Description {
  int transpose_a = 0, transpose_b = 0, epilogue = kPlain;
  const float* bias = nullptr;
};

// A column-major matrix.
struct Layout {
  int type;
  std::uint64_t rows, columns;
  std::int64_t stride;  // from one column to the next
};

struct Preference {
  std::uint64_t workspace = 0;
  std::uint32_t alignments[4] = {256, 256, 256, 256};
};

struct Algorithm {
  std::uint64_t data[8];
};

struct Heuristic {
  Algorithm algorithm;
  std::size_t workspace_bytes;
  int status;
  float waves;
  int reserved[4];
};

constexpr std::uint64_t kOnlyAlgorithm = 0x656d756c61746564;

// The largest power of two up to 256 that divides an address.
std::uint64_t alignment_of(const void* address) {
  const std::uint64_t bits = reinterpret_cast<std::uintptr_t>(address) | 256;
  return bits & (~bits + 1);
}

// The size of op(matrix).
std::uint64_t rows_of(const Layout& layout, int is_transposed) { return is_transposed ? layout.columns : layout.rows; }
std::uint64_t columns_of(const Layout& layout, int is_transposed) {
  return is_transposed ? layout.rows : layout.columns;
}

bool fit(const Description& description, const Layout& a, const Layout& b, const Layout& c) {
  return rows_of(a, description.transpose_a) == c.rows && columns_of(b, description.transpose_b) == c.columns &&
         columns_of(a, description.transpose_a) == rows_of(b, description.transpose_b) && a.type == b.type &&
         c.type == kFloat32;
}

float element(const Layout& layout, const void* values, std::uint64_t row, std::uint64_t column) {
  const std::size_t at = row + column * static_cast<std::size_t>(layout.stride);
  if (layout.type == kFloat32) return static_cast<const float*>(values)[at];
  const std::uint32_t word = std::uint32_t{static_cast<const std::uint16_t*>(values)[at]} << 16;
  float value;
  std::memcpy(&value, &word, sizeof(value));
  return value;
}

struct Product {
  Description description;
  Layout a, b, c;
  const void *a_values, *b_values;
  float* c_values;
  float alpha, beta;
};

void compute(const Product& product) {
  const auto& [description, a, b, c, a_values, b_values, c_values, alpha, beta] = product;
  const std::uint64_t inner = columns_of(a, description.transpose_a);
  for (std::uint64_t column = 0; column < c.columns; ++column) {
    for (std::uint64_t row = 0; row < c.rows; ++row) {
      float sum = 0;
      for (std::uint64_t k = 0; k < inner; ++k) {
        const float left = description.transpose_a ? element(a, a_values, k, row) : element(a, a_values, row, k);
        const float right = description.transpose_b ? element(b, b_values, column, k) : element(b, b_values, k, column);
        sum += left * right;
      }
      float& value = c_values[row + column * static_cast<std::size_t>(c.stride)];
      value = alpha * sum + (beta == 0 ? 0 : beta * value);  // what beta 0 multiplies is not read
      if (description.epilogue == kBias) value += description.bias[row];
    }
  }
}

// cuLaunchHostFunc of the emulated driver beside this library.
using LaunchHostFunction = int (*)(void* stream, void (*function)(void*), void* data);
LaunchHostFunction launch_host_function() {
  Dl_info info{};
  dladdr(reinterpret_cast<void*>(launch_host_function), &info);
  const std::string path = info.dli_fname;
  void* driver = dlopen((path.substr(0, path.rfind('/')) + "/libcuda.so.1").c_str(), RTLD_NOW);
  return driver == nullptr ? nullptr : reinterpret_cast<LaunchHostFunction>(dlsym(driver, "cuLaunchHostFunc"));
}

template <class Value>
int read(Value& to, const void* from, std::size_t bytes) {
  if (bytes != sizeof(Value)) return kInvalidValue;
  std::memcpy(&to, from, bytes);
  return kSuccess;
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

std::size_t cublasLtGetVersion() { return 120901; }

int cublasLtCreate(void** handle) {
  *handle = new char;
  return kSuccess;
}

int cublasLtDestroy(void* handle) {
  delete static_cast<char*>(handle);
  return kSuccess;
}

int cublasLtMatmulDescCreate(void** description, int compute_type, int scale_type) {
  if (compute_type != kComputeFloat32 || scale_type != kFloat32) return kNotSupported;
  *description = new Description;
  return kSuccess;
}

int cublasLtMatmulDescSetAttribute(void* handle, int attribute, const void* value, std::size_t bytes) {
  auto& description = *static_cast<Description*>(handle);
  switch (attribute) {
    case kTransposeA: return read(description.transpose_a, value, bytes);
    case kTransposeB: return read(description.transpose_b, value, bytes);
    case kEpilogue: return read(description.epilogue, value, bytes);
    case kBiasPointer: return read(description.bias, value, bytes);
    default: return kNotSupported;
  }
}

int cublasLtMatmulDescDestroy(void* description) {
  delete static_cast<Description*>(description);
  return kSuccess;
}

int cublasLtMatrixLayoutCreate(void** layout, int type, std::uint64_t rows, std::uint64_t columns,
                               std::int64_t stride) {
  if ((type != kFloat32 && type != kBfloat16) || stride < static_cast<std::int64_t>(rows)) return kInvalidValue;
  *layout = new Layout{type, rows, columns, stride};
  return kSuccess;
}

int cublasLtMatrixLayoutDestroy(void* layout) {
  delete static_cast<Layout*>(layout);
  return kSuccess;
}

int cublasLtMatmulPreferenceCreate(void** preference) {
  *preference = new Preference;
  return kSuccess;
}

int cublasLtMatmulPreferenceSetAttribute(void* handle, int attribute, const void* value, std::size_t bytes) {
  auto& preference = *static_cast<Preference*>(handle);
  if (attribute == kMostWorkspace) return read(preference.workspace, value, bytes);
  if (attribute < kAlignmentA || attribute > kAlignmentD) return kNotSupported;
  return read(preference.alignments[attribute - kAlignmentA], value, bytes);
}

int cublasLtMatmulPreferenceDestroy(void* preference) {
  delete static_cast<Preference*>(preference);
  return kSuccess;
}

// The algorithm needs the workspace and the alignments that are preferred, and a bias with the alignment that it has
// now. As an example of what a library may lack, it has none for bfloat16 matrices that are not aligned to 16 bytes.
int cublasLtMatmulAlgoGetHeuristic(void*, void* description, void* a, void* b, void* c, void* d, void* handle, int most,
                                   Heuristic* results, int* count) {
  const auto &left = *static_cast<Layout*>(a), &right = *static_cast<Layout*>(b), &result = *static_cast<Layout*>(c);
  *count = 0;
  const auto& operation = *static_cast<Description*>(description);
  if (most < 1 || d != c || !fit(operation, left, right, result)) return kInvalidValue;
  const auto& preference = *static_cast<Preference*>(handle);
  if (left.type == kBfloat16 && preference.alignments[0] < 16) return kNotSupported;
  results[0] = {{{kOnlyAlgorithm, preference.alignments[0], preference.workspace, alignment_of(operation.bias)}},
                preference.workspace,
                0,
                1,
                {}};
  *count = 1;
  return kSuccess;
}

int cublasLtMatmul(void*, void* description, const void* alpha, const void* a, void* a_layout, const void* b,
                   void* b_layout, const void* beta, const void* c, void* c_layout, void* d, void* d_layout,
                   const Algorithm* algorithm, void* workspace, std::size_t workspace_bytes, void* stream) {
  const auto& operation = *static_cast<Description*>(description);
  const auto &left = *static_cast<Layout*>(a_layout), &right = *static_cast<Layout*>(b_layout),
             &result = *static_cast<Layout*>(c_layout);
  if (c != d || c_layout != d_layout || !fit(operation, left, right, result)) return kInvalidValue;
  if (operation.epilogue != kPlain && (operation.epilogue != kBias || operation.bias == nullptr)) return kNotSupported;
  if (algorithm->data[0] != kOnlyAlgorithm || workspace == nullptr || algorithm->data[2] > workspace_bytes)
    return kInvalidValue;
  const auto all = reinterpret_cast<std::uintptr_t>(a) | reinterpret_cast<std::uintptr_t>(b) |
                   reinterpret_cast<std::uintptr_t>(d) | reinterpret_cast<std::uintptr_t>(operation.bias);
  if (all % algorithm->data[1] != 0) return kInvalidValue;
  if (alignment_of(operation.bias) < algorithm->data[3]) return kInvalidValue;
  const auto launch = launch_host_function();
  if (launch == nullptr) return kExecutionFailed;
  auto* const product = new Product{operation,
                                    left,
                                    right,
                                    result,
                                    a,
                                    b,
                                    static_cast<float*>(d),
                                    *static_cast<const float*>(alpha),
                                    *static_cast<const float*>(beta)};
  const auto run = [](void* data) {
    auto* const owned = static_cast<Product*>(data);
    compute(*owned);
    delete owned;
  };
  return launch(stream, run, product) == 0 ? kSuccess : kExecutionFailed;
}

}  // extern "C"
#pragma GCC visibility pop
