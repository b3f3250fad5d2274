#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "driver.h"
#include "library.h"

namespace cuda_backend {

// C = alpha · op(A) · op(B) [+ C] [+ bias], all row-major: op(A) [m, k], op(B) [k, n], C [m, n], bias [n]. C and the
// bias are float32. A and B are float32, multiplied as such, or bfloat16. Sums are float32.
struct BlasProduct {
  bool bfloat16, transpose_a, transpose_b, accumulate;
  int m, n, k;
  float alpha;
  Address a, b, c, bias;  // bias 0: none
};

// NVIDIA's cuBLASLt, opened at run time, for the context that is current.
class Blas {
 public:
  // Throws std::runtime_error if the library is missing, incomplete or does not start.
  explicit Blas(const std::string& path);
  ~Blas();
  Blas(const Blas&) = delete;
  Blas& operator=(const Blas&) = delete;

  // 10000 · major + 100 · minor + patch
  std::size_t version() const;

  // Starts a product with the algorithm that the library recommends for its shape; nothing is measured. Returns false
  // if the library has none.
  bool multiply(const BlasProduct& product, Address workspace, std::size_t workspace_bytes, Stream stream);

 private:
  struct Functions;
  struct Plan;
  // The shape, types and alignment of a product, and the size of the workspace.
  using Key = std::tuple<bool, bool, bool, bool, int, int, int, int, std::size_t>;

  Plan& plan_of(const BlasProduct& product, std::size_t workspace_bytes);

  Library library_;
  std::unique_ptr<Functions> functions_;
  void* handle_ = nullptr;
  std::map<Key, std::unique_ptr<Plan>> plans_;
};

}  // namespace cuda_backend
