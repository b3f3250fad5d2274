#pragma once

#include <string>
#include <vector>

namespace cuda_backend {

struct Compiled {
  std::string cubin;
  std::string log;  // ptxas -v: registers, spills and shared memory of every kernel
};

// Compiles a source with NVIDIA's runtime compiler (libnvrtc.so.12), which needs neither a driver nor a GPU.
// `architecture` is such as sm_80. Throws std::runtime_error with the compiler's messages.
Compiled compile(const std::string& library, const std::string& source, const std::string& name,
                 const std::string& architecture, const std::vector<std::string>& includes);

}  // namespace cuda_backend
