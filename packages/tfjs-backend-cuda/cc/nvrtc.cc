#include "nvrtc.h"

#include <memory>
#include <stdexcept>

#include "library.h"

namespace cuda_backend {
namespace {

using Program = void*;

// The functions of NVRTC, as its reference declares them.
class Nvrtc {
 public:
  explicit Nvrtc(const std::string& path) : library_(path) {}

  template <class... Parameters>
  int status(const char* name, Parameters... parameters) const {
    return reinterpret_cast<int (*)(Parameters...)>(library_.require(name))(parameters...);
  }

  template <class... Parameters>
  void call(const char* name, Parameters... parameters) const {
    const int result = status(name, parameters...);
    if (result != 0) throw std::runtime_error(std::string(name) + ": " + text(result));
  }

  // What a pair of functions returns: nvrtcGet…Size and nvrtcGet….
  std::string bytes(Program program, const char* size_function, const char* function) const {
    std::size_t size = 0;
    call(size_function, program, &size);
    std::string result(size, '\0');
    call(function, program, result.data());
    return result;
  }

 private:
  std::string text(int result) const {
    return reinterpret_cast<const char* (*)(int)>(library_.require("nvrtcGetErrorString"))(result);
  }

  Library library_;
};

}  // namespace

Compiled compile(const std::string& library, const std::string& source, const std::string& name,
                 const std::string& architecture, const std::vector<std::string>& includes) {
  const Nvrtc nvrtc(library);
  Program program = nullptr;
  nvrtc.call<Program*, const char*, const char*, int, const char* const*, const char* const*>(
      "nvrtcCreateProgram", &program, source.c_str(), name.c_str(), 0, nullptr, nullptr);
  const auto destroy = [&nvrtc](Program* created) { nvrtc.status<Program*>("nvrtcDestroyProgram", created); };
  const std::unique_ptr<Program, decltype(destroy)> owner(&program, destroy);

  std::vector<std::string> options{"--gpu-architecture=" + architecture, "--std=c++17", "-lineinfo",
                                   "--ptxas-options=-v"};
  for (const std::string& folder : includes) options.push_back("--include-path=" + folder);
  std::vector<const char*> pointers;
  for (const std::string& option : options) pointers.push_back(option.c_str());
  const int result = nvrtc.status<Program, int, const char* const*>("nvrtcCompileProgram", program,
                                                                    static_cast<int>(pointers.size()), pointers.data());
  std::string log = nvrtc.bytes(program, "nvrtcGetProgramLogSize", "nvrtcGetProgramLog");
  while (!log.empty() && (log.back() == '\0' || log.back() == '\n')) log.pop_back();
  if (result != 0) throw std::runtime_error(name + " does not compile for " + architecture + ":\n" + log);
  return {nvrtc.bytes(program, "nvrtcGetCUBINSize", "nvrtcGetCUBIN"), log};
}

}  // namespace cuda_backend
