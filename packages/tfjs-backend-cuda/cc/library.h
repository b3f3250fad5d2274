#pragma once

#include <dlfcn.h>

#include <stdexcept>
#include <string>

namespace cuda_backend {

// A shared library that stays loaded: CUDA's libraries keep threads and handlers of their own.
class Library {
 public:
  // Throws std::runtime_error if the loader does not find it or cannot load it.
  explicit Library(const std::string& path) : handle_(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)), path_(path) {
    if (handle_ == nullptr) throw std::runtime_error(dlerror());
  }

  // Null if the library lacks the function.
  void* find(const char* name) const { return dlsym(handle_, name); }

  // Throws std::runtime_error if the library lacks the function.
  void* require(const char* name) const {
    void* function = find(name);
    if (function == nullptr) throw std::runtime_error(path_ + " has no function " + name);
    return function;
  }

  const std::string& path() const { return path_; }

 private:
  void* handle_;
  std::string path_;
};

}  // namespace cuda_backend
