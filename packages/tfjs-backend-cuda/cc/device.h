#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cublaslt.h"
#include "driver.h"

namespace cuda_backend {

// What the driver says about a GPU.
struct DeviceInfo {
  std::string name;
  int major, minor;  // compute capability
  std::size_t total_memory;
  int multiprocessors;
  int shared_memory_per_block;  // bytes that a kernel may ask for
  int driver_version;           // 1000 · major + 10 · minor of CUDA
};

// The number of GPUs and the description of one. Throws DriverError.
int count_devices(const Driver& driver);
DeviceInfo describe_device(const Driver& driver, int ordinal);

struct Dimensions {
  unsigned x, y, z;
};

// A GPU as one Node environment uses it: a stream, and the memory, modules and events that this environment made. All
// methods run on the environment's thread and throw DriverError, or std::invalid_argument for a wrong handle, address
// or range.
class Device {
 public:
  Device(const std::string& library, int ordinal);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  const std::string& library() const { return driver_.library.path(); }
  int ordinal() const { return ordinal_; }
  DeviceInfo describe() const { return describe_device(driver_, ordinal_); }
  // Makes its context the thread's. Call it before the methods below: another GPU of the thread may have been used.
  void make_current();

  // The image is a cubin, or for the emulated driver the path of a shared object. Returns the module's number.
  std::size_t load_module(const std::string& image);
  // `dynamic_shared` is the largest number of bytes of dynamic shared memory of a launch. Returns the function's
  // number.
  std::size_t find_function(std::size_t module, const std::string& name, unsigned dynamic_shared);

  // 0 if the memory does not suffice.
  Address allocate(std::size_t bytes);
  void release(Address address);
  // `values` may change when it returns.
  void upload(Address address, const void* values, std::size_t bytes);
  void download(Address address, void* values, std::size_t bytes);
  // Starts to copy memory to the host: the values are those of this place in the stream. Returns the download's number.
  std::size_t download_later(Address address, std::size_t bytes);
  bool is_downloaded(std::size_t download);
  // Waits for the download, but for nothing that was started after it. `bytes` are those of the download.
  void read_download(std::size_t download, void* values, std::size_t bytes);
  void release_download(std::size_t download);
  void copy(Address to, Address from, std::size_t bytes);
  void fill(Address address, std::uint32_t word, std::size_t count);

  // `parameters` has `count` slots of 8 bytes.
  void launch(std::size_t function, Dimensions grid, Dimensions block, unsigned dynamic_shared, void* parameters,
              std::size_t count);
  void synchronize();

  std::size_t record_event();
  bool is_done(std::size_t event);
  // Milliseconds between two events. Waits for the second one.
  double elapsed(std::size_t from, std::size_t to);
  void release_event(std::size_t event);

  // Opens cuBLASLt, which `multiply` uses. Returns its version.
  std::size_t open_blas(const std::string& library);
  // See Blas::multiply.
  bool multiply(const BlasProduct& product, Address workspace, std::size_t workspace_bytes);

  struct MemoryInfo {
    std::size_t free, total;
  };
  MemoryInfo memory_info();

 private:
  struct Kernel {
    Function function;
    std::string name;
    unsigned most_threads;
    unsigned most_dynamic_shared;
    int parameters;  // -1 if the driver does not tell
  };

  // A copy to the host. The memory is page-locked, because the driver waits for a copy to other memory.
  struct Download {
    void* memory = nullptr;
    std::size_t capacity = 0;
    Event event = nullptr;  // behind the copy
    std::size_t bytes = 0;  // 0: idle
  };

  void allow_dynamic_shared(Function function, unsigned bytes);
  void check_range(const char* what, Address address, std::size_t bytes) const;
  int count_parameters(Function function) const;
  Event event(std::size_t number) const;
  bool has_passed(Event event) const;
  Download& download_of(std::size_t number);
  std::size_t idle_download(std::size_t bytes);

  Driver driver_;
  int ordinal_;
  // Whether the GPU reads the host's pageable memory itself, as on Grace Hopper. An upload then reads it when the
  // stream comes to it; otherwise the driver has read it when the call returns.
  bool reads_pageable_memory_ = false;
  Context context_ = nullptr;
  Stream stream_ = nullptr;
  std::map<Address, std::size_t> allocations_;
  std::vector<Module> modules_;
  std::vector<Kernel> kernels_;
  std::map<Function, unsigned> allowed_dynamic_shared_;  // the largest number of bytes that was announced
  std::vector<Event> events_;
  std::vector<bool> is_recorded_;         // by event
  std::vector<std::size_t> idle_events_;  // to be used again
  std::unique_ptr<Blas> blas_;
  std::vector<Download> downloads_;  // those that are idle too, to be used again
};

}  // namespace cuda_backend
