// A stand-in for libcuda.so.1 in tests. Device memory is host memory, and the image of a module is the path of a shared
// object that g++ made of the kernel's source (scripts/build-emulation.js). Work is done when it is waited for, not
// when it is enqueued: a host that does not wait reads what was there before. Memory is filled with NaN when it is
// allocated. With several devices, each has memory, streams and modules that the others cannot use.
//
// Environment variables, read at each call:
//   EMULATED_CUDA_ORDER         `backwards` runs the threads of each block from the last to the first
//   EMULATED_CUDA_MEMORY        the memory of a device in bytes, 8 GiB by default
//   EMULATED_CUDA_DEVICES       the number of devices, 1 by default
//   EMULATED_CUDA_KERNELS       `skip` runs no kernel, and fresh memory is zeros: the time that remains is the host's
//   EMULATED_CUDA_ARCHITECTURE  the compute capability, 90 (9.0) by default
//   EMULATED_CUDA_PAGEABLE      1: the device reads the host's pageable memory itself, when the stream comes to an
//   upload
#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace {

// Numbers of the Driver API's enumerations.
enum Status {
  kSuccess = 0,
  kInvalidValue = 1,
  kOutOfMemory = 2,
  kNoDevice = 100,
  kInvalidDevice = 101,
  kInvalidContext = 201,
  kNoBinary = 209,
  kInvalidHandle = 400,
  kNotFound = 500,
  kNotReady = 600,
  kIllegalAddress = 700,
  kLaunchFailed = 719
};
enum DeviceAttribute {
  kMultiprocessors = 16,
  kMajor = 75,
  kMinor = 76,
  kPageableMemoryAccess = 88,
  kSharedMemoryPerBlock = 97
};
enum FunctionAttribute { kMostThreads = 0, kMostDynamicShared = 8 };

constexpr int kMostSharedMemory = 227 << 10;
constexpr int kDefaultSharedMemory = 48 << 10;  // without cuFuncSetAttribute
constexpr std::size_t kAlignment = 256;
constexpr std::size_t kMostPendingBytes = std::size_t{1} << 28;

using Launch = const char* (*)(const unsigned* shape, std::size_t dynamic_shared, bool backwards, void** values);

// A device and its context. Handles of one are invalid on the others.
struct Gpu {
  std::map<std::uintptr_t, std::size_t> allocations;
  std::size_t bytes_in_use = 0;
  Status failure = kSuccess;  // of a kernel: all later calls fail with it, as on a GPU
};

struct Module {
  const Gpu* gpu;
  void* library;
};

struct Function {
  const Gpu* gpu;
  Launch launch;
  std::vector<std::size_t> sizes;  // of the parameters
  int most_dynamic_shared = kDefaultSharedMemory;
};

struct Work {
  std::function<void()> run;
  std::size_t bytes;  // that it holds until it is done
};

struct Stream {
  const Gpu* gpu;
  std::deque<Work> work;
  std::size_t pending_bytes = 0;
};

struct Event {
  const Gpu* gpu;
  bool is_done = false;
  std::chrono::steady_clock::time_point time;
  Stream* stream = nullptr;  // that it was last recorded in
  unsigned records = 0;      // only the last one counts
};

// Everything, for all threads of the process. Every function of the driver holds the lock.
struct Emulation {
  std::recursive_mutex lock;
  std::map<int, Gpu> gpus;  // by ordinal
  std::vector<Stream*> streams;
  std::map<std::pair<const Gpu*, Launch>, Function*> functions;
};

Emulation& emulation() {
  static auto* const all = new Emulation;  // not destroyed: Node frees its environments late
  return *all;
}

thread_local Gpu* current_gpu = nullptr;

long long setting(const char* name, long long otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoll(text);
}

int device_total() { return static_cast<int>(setting("EMULATED_CUDA_DEVICES", 1)); }
std::size_t total_memory() {
  return static_cast<std::size_t>(setting("EMULATED_CUDA_MEMORY", static_cast<long long>(8) << 30));
}

bool is_set_to(const char* name, const char* value) {
  const char* text = std::getenv(name);
  return text != nullptr && std::strcmp(text, value) == 0;
}

bool runs_backwards() { return is_set_to("EMULATED_CUDA_ORDER", "backwards"); }
bool reads_pageable_memory() { return is_set_to("EMULATED_CUDA_PAGEABLE", "1"); }
bool skips_kernels() { return is_set_to("EMULATED_CUDA_KERNELS", "skip"); }

// Runs the work of a stream; up to an event if one is given.
void run(Stream& stream, const Event* last = nullptr) {
  while (!stream.work.empty() && (last == nullptr || !last->is_done)) {
    const Work work = std::move(stream.work.front());
    stream.work.pop_front();
    stream.pending_bytes -= work.bytes;
    if (stream.gpu->failure == kSuccess) work.run();
  }
}

void run_until(const Event& event) {
  if (event.stream != nullptr) run(*event.stream, &event);
}

void run_all() {
  for (Stream* stream : emulation().streams) run(*stream);
}

// Whether the current GPU made the handle.
template <class Handle>
bool is_own(const void* handle) {
  return static_cast<const Handle*>(handle)->gpu == current_gpu;
}

// `bytes` is what the work holds until it is done. Returns the status of the call.
Status enqueue(void* stream, std::size_t bytes, std::function<void()> work) {
  if (!is_own<Stream>(stream)) return kInvalidHandle;
  auto& queue = *static_cast<Stream*>(stream);
  queue.work.push_back({std::move(work), bytes});
  queue.pending_bytes += bytes;
  if (queue.pending_bytes > kMostPendingBytes) run(queue);
  return kSuccess;
}

bool is_allocated_on(const Gpu& gpu, std::uintptr_t address, std::size_t bytes) {
  auto next = gpu.allocations.upper_bound(address);
  if (next == gpu.allocations.begin()) return false;
  const auto [start, size] = *--next;
  return address - start <= size && bytes <= size - (address - start);
}

bool is_allocated(std::uintptr_t address, std::size_t bytes) { return is_allocated_on(*current_gpu, address, bytes); }

// Whether a parameter of a kernel is an address of another GPU's memory.
bool is_foreign(const Gpu* gpu, std::uint64_t parameter) {
  for (const auto& [ordinal, other] : emulation().gpus) {
    if (&other != gpu && is_allocated_on(other, parameter, 1)) return true;
  }
  return false;
}

void* pointer(std::uintptr_t address) { return reinterpret_cast<void*>(address); }

// Runs a function of the driver that needs the thread's context.
template <class Body>
int in_context(Body body) {
  const std::lock_guard<std::recursive_mutex> guard(emulation().lock);
  if (current_gpu == nullptr) return kInvalidContext;
  if (current_gpu->failure != kSuccess) return current_gpu->failure;
  const int status = body();
  return current_gpu->failure != kSuccess ? current_gpu->failure : status;
}

struct Name {
  int status;
  const char *name, *text;
};
const Name kNames[] = {
    {kInvalidValue, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {kOutOfMemory, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {kNoDevice, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {kInvalidDevice, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {kInvalidContext, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {kNoBinary, "CUDA_ERROR_NO_BINARY_FOR_GPU", "no kernel image is available for execution on the device"},
    {kInvalidHandle, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {kNotFound, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {kNotReady, "CUDA_ERROR_NOT_READY", "device not ready"},
    {kIllegalAddress, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {kLaunchFailed, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
};

const Name* find_name(int status) {
  const auto found =
      std::find_if(std::begin(kNames), std::end(kNames), [=](const Name& name) { return name.status == status; });
  return found == std::end(kNames) ? nullptr : found;
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

int cuInit(unsigned) { return device_total() > 0 ? kSuccess : kNoDevice; }

int cuDriverGetVersion(int* version) {
  *version = 12040;
  return kSuccess;
}

int cuGetErrorName(int status, const char** text) {
  const Name* name = find_name(status);
  if (name == nullptr) return kInvalidValue;
  *text = name->name;
  return kSuccess;
}

int cuGetErrorString(int status, const char** text) {
  const Name* name = find_name(status);
  if (name == nullptr) return kInvalidValue;
  *text = name->text;
  return kSuccess;
}

int cuDeviceGetCount(int* count) {
  *count = device_total();
  return kSuccess;
}

int cuDeviceGet(int* device, int ordinal) {
  if (ordinal < 0 || ordinal >= device_total()) return kInvalidDevice;
  *device = ordinal;
  return kSuccess;
}

int cuDeviceGetName(char* name, int length, int) {
  std::snprintf(name, static_cast<std::size_t>(length), "emulated on the processor");
  return kSuccess;
}

int cuDeviceGetAttribute(int* value, int which, int) {
  const int architecture = static_cast<int>(setting("EMULATED_CUDA_ARCHITECTURE", 90));
  switch (which) {
    case kMultiprocessors: *value = 1; return kSuccess;
    case kMajor: *value = architecture / 10; return kSuccess;
    case kMinor: *value = architecture % 10; return kSuccess;
    case kPageableMemoryAccess: *value = reads_pageable_memory(); return kSuccess;
    case kSharedMemoryPerBlock: *value = kMostSharedMemory; return kSuccess;
    default: return kInvalidValue;
  }
}

int cuDeviceTotalMem_v2(std::size_t* bytes, int) {
  *bytes = total_memory();
  return kSuccess;
}

int cuDevicePrimaryCtxRetain(void** context, int device) {
  const std::lock_guard<std::recursive_mutex> guard(emulation().lock);
  *context = &emulation().gpus[device];
  return kSuccess;
}

int cuDevicePrimaryCtxRelease_v2(int) { return kSuccess; }

int cuCtxSetCurrent(void* context) {
  current_gpu = static_cast<Gpu*>(context);
  return kSuccess;
}

int cuMemGetInfo_v2(std::size_t* free, std::size_t* total) {
  return in_context([&] {
    *total = total_memory();
    *free = *total - std::min(*total, current_gpu->bytes_in_use);
    return kSuccess;
  });
}

int cuMemAlloc_v2(std::uintptr_t* address, std::size_t bytes) {
  return in_context([&] {
    if (bytes == 0) return kInvalidValue;
    if (current_gpu->bytes_in_use + bytes > total_memory()) return kOutOfMemory;
    void* memory = nullptr;
    // Exactly this many bytes, so that AddressSanitizer sees an access behind them.
    if (posix_memalign(&memory, kAlignment, bytes) != 0) return kOutOfMemory;
    std::memset(memory, skips_kernels() ? 0 : 0xff, bytes);
    *address = reinterpret_cast<std::uintptr_t>(memory);
    current_gpu->allocations[*address] = bytes;
    current_gpu->bytes_in_use += bytes;
    return kSuccess;
  });
}

int cuMemFree_v2(std::uintptr_t address) {
  return in_context([&] {
    run_all();
    const auto found = current_gpu->allocations.find(address);
    if (found == current_gpu->allocations.end()) return kInvalidValue;
    current_gpu->bytes_in_use -= found->second;
    current_gpu->allocations.erase(found);
    std::free(pointer(address));
    return kSuccess;
  });
}

int cuMemAllocHost_v2(void** memory, std::size_t bytes) {
  return in_context([&] {
    if (bytes == 0) return kInvalidValue;
    if (posix_memalign(memory, kAlignment, bytes) != 0) return kOutOfMemory;
    std::memset(*memory, 0xff, bytes);
    return kSuccess;
  });
}

int cuMemFreeHost(void* memory) {
  return in_context([&] {
    run_all();
    std::free(memory);
    return kSuccess;
  });
}

int cuMemcpyHtoDAsync_v2(std::uintptr_t to, const void* from, std::size_t bytes, void* stream) {
  return in_context([&] {
    if (!is_allocated(to, bytes)) return kInvalidValue;
    if (reads_pageable_memory()) return enqueue(stream, 0, [=] { std::memcpy(pointer(to), from, bytes); });
    // Pageable memory is read before the call returns.
    std::string values(static_cast<const char*>(from), bytes);
    return enqueue(stream, bytes,
                   [to, values = std::move(values)] { std::memcpy(pointer(to), values.data(), values.size()); });
  });
}

int cuMemcpyDtoHAsync_v2(void* to, std::uintptr_t from, std::size_t bytes, void* stream) {
  return in_context([&] {
    if (!is_allocated(from, bytes)) return kInvalidValue;
    return enqueue(stream, 0, [=] { std::memcpy(to, pointer(from), bytes); });
  });
}

int cuMemcpyDtoDAsync_v2(std::uintptr_t to, std::uintptr_t from, std::size_t bytes, void* stream) {
  return in_context([&] {
    if (!is_allocated(to, bytes) || !is_allocated(from, bytes)) return kInvalidValue;
    return enqueue(stream, 0, [=] { std::memmove(pointer(to), pointer(from), bytes); });
  });
}

int cuMemsetD32Async(std::uintptr_t address, unsigned word, std::size_t count, void* stream) {
  return in_context([&] {
    if (address % 4 != 0 || !is_allocated(address, 4 * count)) return kInvalidValue;
    return enqueue(stream, 0, [=] { std::fill_n(static_cast<unsigned*>(pointer(address)), count, word); });
  });
}

int cuStreamCreate(void** stream, unsigned) {
  return in_context([&] {
    auto* const made = new Stream{current_gpu, {}};
    emulation().streams.push_back(made);
    *stream = made;
    return kSuccess;
  });
}

int cuStreamSynchronize(void* stream) {
  return in_context([&] {
    if (!is_own<Stream>(stream)) return kInvalidHandle;
    run(*static_cast<Stream*>(stream));
    return kSuccess;
  });
}

int cuStreamDestroy_v2(void* stream) {
  return in_context([&] {
    if (!is_own<Stream>(stream)) return kInvalidHandle;
    auto* const destroyed = static_cast<Stream*>(stream);
    run(*destroyed);
    auto& streams = emulation().streams;
    streams.erase(std::find(streams.begin(), streams.end(), destroyed));
    delete destroyed;
    return kSuccess;
  });
}

int cuLaunchHostFunc(void* stream, void (*function)(void*), void* data) {
  return in_context([&] { return enqueue(stream, 256, [=] { function(data); }); });
}

int cuEventCreate(void** event, unsigned) {
  return in_context([&] {
    *event = new Event{current_gpu, false, {}};
    return kSuccess;
  });
}

int cuEventRecord(void* handle, void* stream) {
  return in_context([&] {
    if (!is_own<Event>(handle)) return kInvalidHandle;
    auto* const event = static_cast<Event*>(handle);
    event->is_done = false;
    event->stream = static_cast<Stream*>(stream);
    return enqueue(stream, 0, [event, record = ++event->records] {
      event->is_done = record == event->records;
      event->time = std::chrono::steady_clock::now();
    });
  });
}

// The first query after the event was recorded finds it pending; the next one finds it done. Work behind it stays.
int cuEventQuery(void* handle) {
  return in_context([&] {
    const auto& event = *static_cast<Event*>(handle);
    if (event.is_done) return kSuccess;
    run_until(event);
    return kNotReady;
  });
}

int cuEventSynchronize(void* handle) {
  return in_context([&] {
    run_until(*static_cast<Event*>(handle));
    return kSuccess;
  });
}

int cuEventElapsedTime(float* milliseconds, void* from, void* to) {
  return in_context([&] {
    const auto &first = *static_cast<Event*>(from), &last = *static_cast<Event*>(to);
    if (!first.is_done || !last.is_done) return kNotReady;
    *milliseconds = std::chrono::duration<float, std::milli>(last.time - first.time).count();
    return kSuccess;
  });
}

int cuEventDestroy_v2(void* event) {
  return in_context([&] {
    run_all();
    delete static_cast<Event*>(event);
    return kSuccess;
  });
}

int cuModuleLoadDataEx(void** module, const void* image, unsigned, void*, void*) {
  return in_context([&] {
    void* const library = dlopen(static_cast<const char*>(image), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      std::fprintf(stderr, "emulated CUDA: %s\n", dlerror());
      return kNoBinary;
    }
    *module = new Module{current_gpu, library};
    return kSuccess;
  });
}

int cuModuleUnload(void* module) {
  delete static_cast<Module*>(module);  // the shared object stays loaded: its fibers have stacks
  return kSuccess;
}

int cuModuleGetFunction(void** function, void* handle, const char* name) {
  return in_context([&] {
    if (!is_own<Module>(handle)) return kInvalidHandle;
    void* const module = static_cast<Module*>(handle)->library;
    const auto launch = reinterpret_cast<Launch>(dlsym(module, (std::string("launch_") + name).c_str()));
    using Sizes = const std::size_t* (*)();
    const auto sizes = reinterpret_cast<Sizes>(dlsym(module, (std::string("parameter_sizes_") + name).c_str()));
    if (launch == nullptr || sizes == nullptr) return kNotFound;
    Function*& made = emulation().functions[{current_gpu, launch}];  // one handle for each kernel; not freed
    if (made == nullptr) {
      made = new Function{current_gpu, launch, {}};
      for (const std::size_t* size = sizes(); *size != 0; ++size) made->sizes.push_back(*size);
    }
    *function = made;
    return kSuccess;
  });
}

int cuFuncGetAttribute(int* value, int which, void*) {
  if (which != kMostThreads) return kInvalidValue;
  *value = 1024;
  return kSuccess;
}

int cuFuncSetAttribute(void* function, int which, int value) {
  if (which != kMostDynamicShared || value < 0 || value > kMostSharedMemory) return kInvalidValue;
  static_cast<Function*>(function)->most_dynamic_shared = value;
  return kSuccess;
}

int cuFuncGetParamInfo(void* handle, std::size_t index, std::size_t* offset, std::size_t* bytes) {
  const auto& sizes = static_cast<Function*>(handle)->sizes;
  if (index >= sizes.size()) return kInvalidValue;
  *offset = 8 * index;
  *bytes = sizes[index];
  return kSuccess;
}

int cuLaunchKernel(void* handle, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y,
                   unsigned block_z, unsigned dynamic_shared, void* stream, void** values, void**) {
  return in_context([&] {
    if (!is_own<Function>(handle)) return kInvalidHandle;
    const auto* const function = static_cast<Function*>(handle);
    const std::size_t threads = std::size_t{block_x} * block_y * block_z;
    if (threads == 0 || threads > 1024 || block_z > 64 || grid_x == 0 || grid_y == 0 || grid_z == 0)
      return kInvalidValue;
    if (grid_y > 65535 || grid_z > 65535) return kInvalidValue;
    if (dynamic_shared > static_cast<unsigned>(function->most_dynamic_shared)) return kInvalidValue;
    if (skips_kernels()) return kSuccess;
    // Parameters are copied at the call.
    std::vector<std::uint64_t> copies(function->sizes.size());
    for (std::size_t i = 0; i < copies.size(); ++i) {
      if (function->sizes[i] > 8) return kInvalidValue;
      std::memcpy(&copies[i], values[i], function->sizes[i]);
    }
    const std::vector<unsigned> shape{grid_x, grid_y, grid_z, block_x, block_y, block_z};
    return enqueue(stream, 256,
                   [=, gpu = current_gpu, backwards = runs_backwards(), copies = std::move(copies)]() mutable {
                     const auto fail = [gpu](Status status, const char* problem) {
                       std::fprintf(stderr, "emulated CUDA: %s\n", problem);
                       gpu->failure = status;
                     };
                     std::vector<void*> pointers;
                     for (std::uint64_t& copy : copies) {
                       if (is_foreign(gpu, copy))
                         return fail(kIllegalAddress, "a kernel got an address of another GPU");
                       pointers.push_back(&copy);
                     }
                     const char* failure = function->launch(shape.data(), dynamic_shared, backwards, pointers.data());
                     if (failure != nullptr) fail(kLaunchFailed, failure);
                   });
  });
}

}  // extern "C"
#pragma GCC visibility pop
