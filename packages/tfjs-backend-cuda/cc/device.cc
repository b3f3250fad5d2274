#include "device.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace cuda_backend {
namespace {

// Numbers of the Driver API's enumerations.
enum DeviceAttribute {
  kMultiprocessors = 16,
  kMajor = 75,
  kMinor = 76,
  kPageableMemoryAccess = 88,
  kSharedMemoryPerBlock = 97
};
enum FunctionAttribute { kMostThreads = 0, kMostDynamicShared = 8 };
constexpr unsigned kNonBlocking = 1;    // a stream that does not wait for the default stream
constexpr unsigned kDisableTiming = 2;  // an event that costs less

constexpr std::size_t kMostParameters = 128;
constexpr std::size_t kLeastDownload = 4096;  // bytes: page-locked memory consists of pages

// The GPU whose context this thread uses.
thread_local const Device* current_device = nullptr;

int attribute(const Driver& driver, DeviceAttribute which, int device) {
  int value = 0;
  driver.device_attribute(&value, which, device);
  return value;
}

int device_of(const Driver& driver, int ordinal) {
  const int count = count_devices(driver);
  if (ordinal >= count) {
    throw std::invalid_argument("there is no GPU " + std::to_string(ordinal) + ": the driver finds " +
                                std::to_string(count));
  }
  int device = 0;
  driver.device(&device, ordinal);
  return device;
}

}  // namespace

int count_devices(const Driver& driver) {
  int count = 0;
  driver.device_count(&count);
  return count;
}

DeviceInfo describe_device(const Driver& driver, int ordinal) {
  const int device = device_of(driver, ordinal);
  char name[256] = "";
  driver.device_name(name, sizeof(name), device);
  DeviceInfo info{};
  info.name = name;
  info.major = attribute(driver, kMajor, device);
  info.minor = attribute(driver, kMinor, device);
  driver.device_memory(&info.total_memory, device);
  info.multiprocessors = attribute(driver, kMultiprocessors, device);
  info.shared_memory_per_block = attribute(driver, kSharedMemoryPerBlock, device);
  driver.version(&info.driver_version);
  return info;
}

Device::Device(const std::string& library, int ordinal) : driver_(library), ordinal_(ordinal) {
  const int device = device_of(driver_, ordinal);
  reads_pageable_memory_ = attribute(driver_, kPageableMemoryAccess, device) != 0;
  driver_.retain_context(&context_, device);
  try {
    make_current();
    driver_.create_stream(&stream_, kNonBlocking);
  } catch (...) {
    current_device = nullptr;
    driver_.release_context.status(ordinal);
    throw;
  }
}

Device::~Device() {
  // After a failed kernel every call fails; the process ends with its context then.
  current_device = nullptr;
  if (driver_.set_context.status(context_) != kSuccess) return;
  driver_.synchronize_stream.status(stream_);
  blas_.reset();
  for (const auto& [address, bytes] : allocations_) driver_.release.status(address);
  for (const Download& download : downloads_) {
    driver_.release_on_host.status(download.memory);
    driver_.destroy_event.status(download.event);
  }
  for (const Event event : events_) driver_.destroy_event.status(event);
  for (const Module module : modules_) driver_.unload_module.status(module);
  driver_.destroy_stream.status(stream_);
  driver_.release_context.status(ordinal_);
}

void Device::make_current() {
  if (current_device == this) return;
  driver_.set_context(context_);
  current_device = this;
}

std::size_t Device::load_module(const std::string& image) {
  Module module = nullptr;
  driver_.load_module(&module, image.c_str(), 0, nullptr, nullptr);
  modules_.push_back(module);
  return modules_.size() - 1;
}

int Device::count_parameters(Function function) const {
  if (!driver_.parameter_info.exists()) return -1;
  std::size_t offset = 0, bytes = 0, count = 0;
  while (count < kMostParameters && driver_.parameter_info.status(function, count, &offset, &bytes) == kSuccess)
    ++count;
  return static_cast<int>(count);
}

// The driver's limit belongs to the kernel, whichever call of find_function sets it: it is only raised.
void Device::allow_dynamic_shared(Function function, unsigned bytes) {
  unsigned& allowed = allowed_dynamic_shared_[function];
  if (bytes <= allowed) return;
  driver_.set_function_attribute(function, kMostDynamicShared, static_cast<int>(bytes));
  allowed = bytes;
}

std::size_t Device::find_function(std::size_t module, const std::string& name, unsigned dynamic_shared) {
  if (module >= modules_.size()) throw std::invalid_argument("there is no module " + std::to_string(module));
  Kernel kernel{nullptr, name, 0, dynamic_shared, -1};
  driver_.find_function(&kernel.function, modules_[module], name.c_str());
  allow_dynamic_shared(kernel.function, dynamic_shared);
  int threads = 0;
  driver_.function_attribute(&threads, kMostThreads, kernel.function);
  kernel.most_threads = static_cast<unsigned>(threads);
  kernel.parameters = count_parameters(kernel.function);
  kernels_.push_back(kernel);
  return kernels_.size() - 1;
}

Address Device::allocate(std::size_t bytes) {
  Address address = 0;
  const int status = driver_.allocate.status(&address, bytes);
  if (status == kOutOfMemory) return 0;
  if (status != kSuccess) driver_.allocate.fail(status);
  allocations_[address] = bytes;
  return address;
}

void Device::release(Address address) {
  if (allocations_.erase(address) == 0) throw std::invalid_argument("address is not that of allocated memory");
  driver_.release(address);
}

void Device::check_range(const char* what, Address address, std::size_t bytes) const {
  auto next = allocations_.upper_bound(address);
  if (next != allocations_.begin()) {
    const auto [start, size] = *--next;
    const std::size_t offset = address - start;
    if (offset <= size && bytes <= size - offset) return;
  }
  throw std::invalid_argument(std::string(what) + ": " + std::to_string(bytes) +
                              " bytes from there are not in allocated memory");
}

void Device::upload(Address address, const void* values, std::size_t bytes) {
  if (bytes == 0) return;
  check_range("address", address, bytes);
  driver_.upload(address, values, bytes, stream_);
  if (reads_pageable_memory_) synchronize();
}

void Device::download(Address address, void* values, std::size_t bytes) {
  if (bytes == 0) return;
  check_range("address", address, bytes);
  driver_.download(values, address, bytes, stream_);
  synchronize();
}

// Returns the number of a download that can hold this many bytes.
std::size_t Device::idle_download(std::size_t bytes) {
  for (std::size_t i = 0; i < downloads_.size(); ++i) {
    if (downloads_[i].bytes == 0 && downloads_[i].capacity >= bytes) return i;
  }
  Download made;
  made.capacity = std::max(bytes, kLeastDownload);
  driver_.create_event(&made.event, kDisableTiming);
  try {
    driver_.allocate_on_host(&made.memory, made.capacity);
  } catch (...) {
    driver_.destroy_event.status(made.event);
    throw;
  }
  downloads_.push_back(made);
  return downloads_.size() - 1;
}

std::size_t Device::download_later(Address address, std::size_t bytes) {
  check_range("address", address, bytes);
  const std::size_t number = idle_download(bytes);
  Download& download = downloads_[number];
  driver_.download(download.memory, address, bytes, stream_);
  driver_.record_event(download.event, stream_);
  download.bytes = bytes;
  return number;
}

Device::Download& Device::download_of(std::size_t number) {
  if (number >= downloads_.size() || downloads_[number].bytes == 0) {
    throw std::invalid_argument("there is no download " + std::to_string(number));
  }
  return downloads_[number];
}

bool Device::is_downloaded(std::size_t download) { return has_passed(download_of(download).event); }

void Device::read_download(std::size_t number, void* values, std::size_t bytes) {
  const Download& download = download_of(number);
  if (bytes != download.bytes) {
    throw std::invalid_argument("values has " + std::to_string(bytes) + " bytes; the download has " +
                                std::to_string(download.bytes));
  }
  driver_.synchronize_event(download.event);
  std::memcpy(values, download.memory, bytes);
}

// A copy that is under way ends before the next one into the same memory begins: the stream runs in order.
void Device::release_download(std::size_t download) { download_of(download).bytes = 0; }

void Device::copy(Address to, Address from, std::size_t bytes) {
  if (bytes == 0) return;
  check_range("to", to, bytes);
  check_range("from", from, bytes);
  driver_.copy(to, from, bytes, stream_);
}

void Device::fill(Address address, std::uint32_t word, std::size_t count) {
  if (count == 0) return;
  check_range("address", address, 4 * count);
  driver_.fill(address, word, count, stream_);
}

void Device::launch(std::size_t function, Dimensions grid, Dimensions block, unsigned dynamic_shared, void* parameters,
                    std::size_t count) {
  if (function >= kernels_.size()) throw std::invalid_argument("there is no function " + std::to_string(function));
  const Kernel& kernel = kernels_[function];
  const auto refuse = [&](const std::string& what) { throw std::invalid_argument(kernel.name + ": " + what); };
  if (kernel.parameters >= 0 && count != static_cast<std::size_t>(kernel.parameters)) {
    refuse("takes " + std::to_string(kernel.parameters) + " parameters, not " + std::to_string(count));
  }
  if (count > kMostParameters) refuse("more than " + std::to_string(kMostParameters) + " parameters");
  const std::uint64_t threads = std::uint64_t{block.x} * block.y * block.z;
  if (threads > kernel.most_threads) {
    refuse("a block of " + std::to_string(threads) + " threads; it allows " + std::to_string(kernel.most_threads));
  }
  if (dynamic_shared > kernel.most_dynamic_shared) {
    refuse(std::to_string(dynamic_shared) + " bytes of dynamic shared memory; findFunction announced " +
           std::to_string(kernel.most_dynamic_shared));
  }
  std::array<void*, kMostParameters> slots;
  for (std::size_t i = 0; i < count; ++i) slots[i] = static_cast<char*>(parameters) + 8 * i;
  driver_.launch(kernel.function, grid.x, grid.y, grid.z, block.x, block.y, block.z, dynamic_shared, stream_,
                 slots.data(), nullptr);
}

void Device::synchronize() { driver_.synchronize_stream(stream_); }

std::size_t Device::record_event() {
  if (idle_events_.empty()) {
    Event event = nullptr;
    driver_.create_event(&event, 0);
    idle_events_.push_back(events_.size());
    events_.push_back(event);
    is_recorded_.push_back(false);
  }
  const std::size_t number = idle_events_.back();
  driver_.record_event(events_[number], stream_);
  idle_events_.pop_back();
  is_recorded_[number] = true;
  return number;
}

Event Device::event(std::size_t number) const {
  if (number >= events_.size() || !is_recorded_[number]) {
    throw std::invalid_argument("there is no event " + std::to_string(number));
  }
  return events_[number];
}

bool Device::has_passed(Event event) const {
  const int status = driver_.query_event.status(event);
  if (status != kSuccess && status != kNotReady) driver_.query_event.fail(status);
  return status == kSuccess;
}

bool Device::is_done(std::size_t number) { return has_passed(event(number)); }

double Device::elapsed(std::size_t from, std::size_t to) {
  const Event first = event(from), last = event(to);
  driver_.synchronize_event(first);
  driver_.synchronize_event(last);
  float milliseconds = 0;
  driver_.elapsed(&milliseconds, first, last);
  return milliseconds;
}

void Device::release_event(std::size_t number) {
  event(number);
  is_recorded_[number] = false;
  idle_events_.push_back(number);
}

std::size_t Device::open_blas(const std::string& library) {
  blas_ = std::make_unique<Blas>(library);
  return blas_->version();
}

bool Device::multiply(const BlasProduct& product, Address workspace, std::size_t workspace_bytes) {
  if (blas_ == nullptr) throw std::invalid_argument("cuBLASLt is not open");
  return blas_->multiply(product, workspace, workspace_bytes, stream_);
}

Device::MemoryInfo Device::memory_info() {
  MemoryInfo info{};
  driver_.memory_info(&info.free, &info.total);
  return info;
}

}  // namespace cuda_backend
