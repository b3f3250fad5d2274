#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "library.h"

// The functions of CUDA's driver (libcuda.so.1) that the add-on uses, found by name. The declarations follow the
// reference of the CUDA Driver API; no header of CUDA is needed.
namespace cuda_backend {

constexpr int kSuccess = 0;
constexpr int kOutOfMemory = 2;
constexpr int kNotReady = 600;

using Address = std::uintptr_t;  // CUdeviceptr
using Context = void*;
using Stream = void*;
using Event = void*;
using Module = void*;
using Function = void*;

// A call of the driver that failed.
class DriverError : public std::runtime_error {
 public:
  // `name` is the driver's, such as CUDA_ERROR_OUT_OF_MEMORY.
  DriverError(const char* function, std::string name, const std::string& text)
      : std::runtime_error(std::string(function) + ": " + name + ", " + text), name_(std::move(name)) {}

  const std::string& name() const { return name_; }

 private:
  std::string name_;
};

// Throws a DriverError for a status that is not kSuccess.
[[noreturn]] void throw_driver_error(const Library& library, const char* function, int status);

// One function of the driver.
template <class... Parameters>
class Entry {
 public:
  enum Need { kRequired, kOptional };

  Entry(const Library& library, const char* name, Need need = kRequired)
      : library_(library),
        name_(name),
        call_(reinterpret_cast<Call>(need == kRequired ? library.require(name) : library.find(name))) {}

  bool exists() const { return call_ != nullptr; }

  // Throws DriverError if the call fails.
  void operator()(Parameters... parameters) const {
    const int status = call_(parameters...);
    if (status != kSuccess) throw_driver_error(library_, name_, status);
  }

  // Returns the driver's status.
  int status(Parameters... parameters) const { return call_(parameters...); }

  // Throws DriverError for a status that this function returned.
  [[noreturn]] void fail(int status) const { throw_driver_error(library_, name_, status); }

 private:
  using Call = int (*)(Parameters...);
  const Library& library_;
  const char* name_;
  Call call_;
};

class Driver {
 public:
  // Throws std::runtime_error if the library is missing or incomplete, DriverError if the driver does not start.
  explicit Driver(const std::string& path) : library(path) { initialize(0); }

  const Library library;
  const Entry<unsigned> initialize{library, "cuInit"};
  const Entry<int*> version{library, "cuDriverGetVersion"};
  const Entry<int*> device_count{library, "cuDeviceGetCount"};
  const Entry<int*, int> device{library, "cuDeviceGet"};
  const Entry<char*, int, int> device_name{library, "cuDeviceGetName"};
  const Entry<int*, int, int> device_attribute{library, "cuDeviceGetAttribute"};
  const Entry<std::size_t*, int> device_memory{library, "cuDeviceTotalMem_v2"};
  const Entry<Context*, int> retain_context{library, "cuDevicePrimaryCtxRetain"};
  const Entry<int> release_context{library, "cuDevicePrimaryCtxRelease_v2"};
  const Entry<Context> set_context{library, "cuCtxSetCurrent"};
  const Entry<std::size_t*, std::size_t*> memory_info{library, "cuMemGetInfo_v2"};
  const Entry<Address*, std::size_t> allocate{library, "cuMemAlloc_v2"};
  const Entry<Address> release{library, "cuMemFree_v2"};
  const Entry<void**, std::size_t> allocate_on_host{library, "cuMemAllocHost_v2"};
  const Entry<void*> release_on_host{library, "cuMemFreeHost"};
  const Entry<Address, const void*, std::size_t, Stream> upload{library, "cuMemcpyHtoDAsync_v2"};
  const Entry<void*, Address, std::size_t, Stream> download{library, "cuMemcpyDtoHAsync_v2"};
  const Entry<Address, Address, std::size_t, Stream> copy{library, "cuMemcpyDtoDAsync_v2"};
  const Entry<Address, unsigned, std::size_t, Stream> fill{library, "cuMemsetD32Async"};
  const Entry<Stream*, unsigned> create_stream{library, "cuStreamCreate"};
  const Entry<Stream> synchronize_stream{library, "cuStreamSynchronize"};
  const Entry<Stream> destroy_stream{library, "cuStreamDestroy_v2"};
  const Entry<Event*, unsigned> create_event{library, "cuEventCreate"};
  const Entry<Event, Stream> record_event{library, "cuEventRecord"};
  const Entry<Event> query_event{library, "cuEventQuery"};
  const Entry<Event> synchronize_event{library, "cuEventSynchronize"};
  const Entry<float*, Event, Event> elapsed{library, "cuEventElapsedTime"};
  const Entry<Event> destroy_event{library, "cuEventDestroy_v2"};
  const Entry<Module*, const void*, unsigned, void*, void*> load_module{library, "cuModuleLoadDataEx"};
  const Entry<Module> unload_module{library, "cuModuleUnload"};
  const Entry<Function*, Module, const char*> find_function{library, "cuModuleGetFunction"};
  const Entry<int*, int, Function> function_attribute{library, "cuFuncGetAttribute"};
  const Entry<Function, int, int> set_function_attribute{library, "cuFuncSetAttribute"};
  // Since CUDA 12.4.
  const Entry<Function, std::size_t, std::size_t*, std::size_t*> parameter_info{
      library, "cuFuncGetParamInfo", Entry<Function, std::size_t, std::size_t*, std::size_t*>::kOptional};
  const Entry<Function, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, Stream, void**, void**>
      launch{library, "cuLaunchKernel"};
};

}  // namespace cuda_backend
