#include "cublaslt.h"

#include <algorithm>
#include <cstdint>
#include <stdexcept>

namespace cuda_backend {
namespace {

// Numbers of the enumerations of cuBLASLt and of the CUDA data types.
enum Type { kFloat32 = 0, kBfloat16 = 14 };
constexpr int kComputeFloat32 = 68;  // neither TF32 nor bfloat16 for float32 operands
enum DescriptionAttribute { kTransposeA = 3, kTransposeB = 4, kEpilogue = 7, kBiasPointer = 8 };
enum PreferenceAttribute { kMostWorkspace = 1, kAlignmentA = 5, kAlignmentB = 6, kAlignmentC = 7, kAlignmentD = 8 };
enum Epilogue { kPlain = 1, kBias = 4 };

constexpr std::size_t kMostPlans = 4096;
constexpr std::uint32_t kMostAlignment = 16;  // that algorithms ask for

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

// One function of the library; its status becomes an exception.
template <class... Parameters>
class Call {
 public:
  Call(const Library& library, const char* name)
      : name_(name), call_(reinterpret_cast<int (*)(Parameters...)>(library.require(name))) {}

  int status(Parameters... parameters) const { return call_(parameters...); }

  void operator()(Parameters... parameters) const {
    const int result = status(parameters...);
    if (result != 0) throw std::runtime_error(std::string(name_) + ": status " + std::to_string(result));
  }

 private:
  const char* name_;
  int (*call_)(Parameters...);
};

// The largest power of two up to kMostAlignment that divides all addresses.
std::uint32_t alignment_of(const BlasProduct& product) {
  const Address all = product.a | product.b | product.c | product.bias | kMostAlignment;
  return static_cast<std::uint32_t>(all & (~all + 1));
}

}  // namespace

// As the reference of cuBLASLt declares them; handles are pointers.
struct Blas::Functions {
  explicit Functions(const Library& opened) : library(opened) {}
  const Library& library;
  const Call<void**> create{library, "cublasLtCreate"};
  const Call<void*> destroy{library, "cublasLtDestroy"};
  const Call<void**, int, int> create_description{library, "cublasLtMatmulDescCreate"};
  const Call<void*, int, const void*, std::size_t> set_description{library, "cublasLtMatmulDescSetAttribute"};
  const Call<void*> destroy_description{library, "cublasLtMatmulDescDestroy"};
  const Call<void**, int, std::uint64_t, std::uint64_t, std::int64_t> create_layout{library,
                                                                                    "cublasLtMatrixLayoutCreate"};
  const Call<void*> destroy_layout{library, "cublasLtMatrixLayoutDestroy"};
  const Call<void**> create_preference{library, "cublasLtMatmulPreferenceCreate"};
  const Call<void*, int, const void*, std::size_t> set_preference{library, "cublasLtMatmulPreferenceSetAttribute"};
  const Call<void*> destroy_preference{library, "cublasLtMatmulPreferenceDestroy"};
  const Call<void*, void*, void*, void*, void*, void*, void*, int, Heuristic*, int*> find_algorithms{
      library, "cublasLtMatmulAlgoGetHeuristic"};
  const Call<void*, void*, const void*, Address, void*, Address, void*, const void*, Address, void*, Address, void*,
             const Algorithm*, Address, std::size_t, Stream>
      multiply{library, "cublasLtMatmul"};
};

// The library's objects for the products of one shape. It computes column-major matrices, where row-major ones are
// transposed: Cᵀ [n, m] = op(B)ᵀ · op(A)ᵀ. So its first matrix is our B and its second one our A.
struct Blas::Plan {
  Plan(const Functions& library, void* handle, const BlasProduct& product, std::size_t workspace_bytes)
      : functions(library) {
    const int type = product.bfloat16 ? kBfloat16 : kFloat32;
    try {
      functions.create_description(&description, kComputeFloat32, kFloat32);
      set(kTransposeA, std::int32_t{product.transpose_b});
      set(kTransposeB, std::int32_t{product.transpose_a});
      if (product.bias != 0) {
        set(kEpilogue, std::int32_t{kBias});
        set(kBiasPointer, Address{alignment_of(product)});  // the heuristic assumes the alignment of this pointer
      }
      first = layout(type, product.n, product.k, product.transpose_b);
      second = layout(type, product.k, product.m, product.transpose_a);
      result = layout(kFloat32, product.n, product.m, false);
      find_algorithm(handle, alignment_of(product), workspace_bytes);
    } catch (...) {
      destroy();
      throw;
    }
  }
  ~Plan() { destroy(); }
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  template <class Value>
  void set(DescriptionAttribute attribute, Value value) {
    functions.set_description(description, attribute, &value, sizeof(value));
  }

  const Functions& functions;
  void *description = nullptr, *first = nullptr, *second = nullptr, *result = nullptr;
  Algorithm algorithm{};
  bool has_algorithm = false;

 private:
  // Of a matrix whose transpose, or which itself, is [rows, columns], column-major.
  void* layout(int type, int rows, int columns, bool is_transposed) const {
    if (is_transposed) std::swap(rows, columns);
    void* made = nullptr;
    functions.create_layout(&made, type, static_cast<std::uint64_t>(rows), static_cast<std::uint64_t>(columns), rows);
    return made;
  }

  void find_algorithm(void* handle, std::uint32_t alignment, std::uint64_t workspace_bytes) {
    void* made = nullptr;
    functions.create_preference(&made);
    const auto release = [this](void* preference) { functions.destroy_preference.status(preference); };
    const std::unique_ptr<void, decltype(release)> preference(made, release);
    functions.set_preference(made, kMostWorkspace, &workspace_bytes, sizeof(workspace_bytes));
    for (const int attribute : {kAlignmentA, kAlignmentB, kAlignmentC, kAlignmentD}) {
      functions.set_preference(made, attribute, &alignment, sizeof(alignment));
    }
    Heuristic found{};
    int count = 0;
    const int status =
        functions.find_algorithms.status(handle, description, first, second, result, result, made, 1, &found, &count);
    has_algorithm = status == 0 && count > 0 && found.status == 0;
    algorithm = found.algorithm;
  }

  void destroy() {
    for (void* made : {first, second, result}) {
      if (made != nullptr) functions.destroy_layout.status(made);
    }
    if (description != nullptr) functions.destroy_description.status(description);
  }
};

Blas::Blas(const std::string& path) : library_(path), functions_(std::make_unique<Functions>(library_)) {
  functions_->create(&handle_);
}

Blas::~Blas() {
  plans_.clear();
  functions_->destroy.status(handle_);
}

std::size_t Blas::version() const {
  return reinterpret_cast<std::size_t (*)()>(library_.require("cublasLtGetVersion"))();
}

Blas::Plan& Blas::plan_of(const BlasProduct& product, std::size_t workspace_bytes) {
  const Key key{product.bfloat16, product.transpose_a, product.transpose_b, product.bias != 0,
                product.m,        product.n,           product.k,           static_cast<int>(alignment_of(product)),
                workspace_bytes};
  std::unique_ptr<Plan>& plan = plans_[key];
  if (plan == nullptr) plan = std::make_unique<Plan>(*functions_, handle_, product, workspace_bytes);
  return *plan;
}

bool Blas::multiply(const BlasProduct& product, Address workspace, std::size_t workspace_bytes, Stream stream) {
  if (plans_.size() >= kMostPlans) plans_.clear();  // batches of training have many shapes
  Plan& plan = plan_of(product, workspace_bytes);
  if (!plan.has_algorithm) return false;
  if (product.bias != 0) plan.set(kBiasPointer, product.bias);
  const float beta = product.accumulate ? 1.0f : 0.0f;
  functions_->multiply(handle_, plan.description, &product.alpha, product.b, plan.first, product.a, plan.second, &beta,
                       product.c, plan.result, product.c, plan.result, &plan.algorithm, workspace, workspace_bytes,
                       stream);
  return true;
}

}  // namespace cuda_backend
