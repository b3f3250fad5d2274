// CUDA C++ on the processor. A kernel's file is compiled by g++ with this header instead of NVRTC. A block's threads
// are fibers, which run one at a time; blocks run one after another. What a GPU leaves undefined is made visible:
//   - shared memory is filled with NaN before every block;
//   - threads run forwards or backwards, so a result that depends on their order differs between the two;
//   - a barrier that some threads never reach, a shuffle of a part of a warp, and a misaligned vector copy are errors.
// It does not show races between blocks, missing memory fences, or speed.
#pragma once

#include <link.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "fibers.h"

#define __device__
#define __host__
#define __constant__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __align__(bytes) __attribute__((aligned(bytes)))
// All thread-local variables of the shared object are shared memory, which can therefore be found and poisoned.
#define __shared__ static thread_local

// Defines a kernel: KERNEL(name, (parameters)) { body }.
#define KERNEL(name, parameters)                                                                  \
  void name parameters;                                                                           \
  extern "C" __attribute__((visibility("default"))) const char* launch_##name(                    \
      const unsigned* shape, std::size_t dynamic_shared, bool backwards, void** values) {         \
    return emulation::launch(name, shape, dynamic_shared, backwards, values);                     \
  }                                                                                               \
  extern "C" __attribute__((visibility("default"))) const std::size_t* parameter_sizes_##name() { \
    return emulation::parameter_sizes(name);                                                      \
  }                                                                                               \
  void name parameters

// Declares the block's dynamic shared memory as an array.
#define DYNAMIC_SHARED(type, name) type* const name = static_cast<type*>(emulation::block.dynamic_shared)

struct dim3 {
  unsigned x = 1, y = 1, z = 1;
};

namespace emulation {

constexpr unsigned kWarp = 32;
constexpr unsigned kMostThreads = kMostFibers;

// Where threads wait for each other. It opens when the last expected thread arrives.
struct Barrier {
  unsigned arrived = 0;
  unsigned generation = 0;
};

struct Warp {
  Barrier barrier;
  std::uint64_t values[2][kWarp];  // of a shuffle, see `turn`
};

struct Thread {
  dim3 index;
  const unsigned* waits_for = nullptr;  // the generation of a barrier, until it is no longer `passed`
  unsigned passed = 0;
};

void run_thread();

struct Block {
  dim3 size, grid, index;
  unsigned threads = 0;  // of the block
  unsigned alive = 0;    // threads that have not ended
  void* dynamic_shared = nullptr;
  const char* failure = nullptr;
  Barrier barrier;
  std::vector<Thread> all;
  std::vector<Warp> warps;
  Fibers fibers{run_thread};
  void (*body)(void*) = nullptr;
  void* call = nullptr;
  void (*at_start)() = nullptr;  // further preparation of a block, see tensor-cores.h
};

inline Block block;

inline unsigned thread_id() { return block.fibers.current(); }
inline unsigned lane_id() { return thread_id() % kWarp; }
inline unsigned warp_id() { return thread_id() / kWarp; }
inline unsigned lanes_of_warp() { return std::min(kWarp, block.threads - warp_id() * kWarp); }

// Ends the launch with an error. The thread does not return.
[[noreturn]] inline void fail(const char* message) {
  block.failure = message;
  for (;;) block.fibers.pause();
}

inline void open(Barrier& barrier) {
  barrier.arrived = 0;
  ++barrier.generation;
}

// Waits until `expected` threads have arrived.
inline void wait(Barrier& barrier, unsigned expected) {
  if (++barrier.arrived >= expected) return open(barrier);
  Thread& thread = block.all[thread_id()];
  thread.waits_for = &barrier.generation;
  thread.passed = barrier.generation;
  block.fibers.pause();
}

inline void run_thread() {
  block.body(block.call);
  --block.alive;
  // A thread that has ended no longer counts at the block's barrier.
  if (block.barrier.arrived > 0 && block.barrier.arrived >= block.alive) open(block.barrier);
}

inline void wait_for_warp() { wait(block.warps[warp_id()].barrier, lanes_of_warp()); }

// What lanes exchange is in one of two places in turn, so that waiting once is enough: a lane writes to a place again
// only after it has waited for the other one, where all lanes arrive after they have read the first.
inline unsigned turn() { return block.warps[warp_id()].barrier.generation % 2; }

// The values of all lanes. They are valid until the next but one exchange.
template <class T>
const std::uint64_t* gather_lanes(unsigned mask, T value) {
  static_assert(sizeof(T) <= 8);
  if (mask != 0xffffffffu) fail("a shuffle names a part of its warp");
  std::uint64_t* values = block.warps[warp_id()].values[turn()];
  std::memcpy(&values[lane_id()], &value, sizeof(T));
  wait_for_warp();
  return values;
}

template <class T>
T exchange(unsigned mask, T value, unsigned from) {
  const std::uint64_t* values = gather_lanes(mask, value);
  if (from < lanes_of_warp()) std::memcpy(&value, &values[from], sizeof(T));
  return value;
}

// The module's static shared memory.
struct StaticShared {
  char* start = nullptr;
  std::size_t bytes = 0;

  void poison() const {
    if (bytes > 0) std::memset(start, 0xff, bytes);
  }
};

inline StaticShared find_static_shared() {
  static thread_local const char anchor = 0;  // in the thread-local memory of this shared object
  struct Search {
    const char* anchor;
    StaticShared found;
  } search{&anchor, {}};
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* data) {
        auto& [anchor, found] = *static_cast<Search*>(data);
        auto* start = static_cast<char*>(info->dlpi_tls_data);
        if (start == nullptr) return 0;
        for (int i = 0; i < info->dlpi_phnum; ++i) {
          const auto& header = info->dlpi_phdr[i];
          if (header.p_type != PT_TLS || anchor < start || anchor >= start + header.p_memsz) continue;
          found = {start, header.p_memsz};
          return 1;
        }
        return 0;
      },
      &search);
  return search.found;
}

inline void start_block() {
  block.alive = block.threads;
  block.barrier = {};
  block.all.assign(block.threads, {});
  block.warps.resize((block.threads + kWarp - 1) / kWarp);
  for (Warp& warp : block.warps) warp.barrier = {};
  for (unsigned i = 0; i < block.threads; ++i) {
    block.all[i].index = {i % block.size.x, i / block.size.x % block.size.y, i / block.size.x / block.size.y};
  }
  block.fibers.prepare(block.threads);
  if (block.at_start != nullptr) block.at_start();
}

inline bool is_waiting(unsigned id) {
  const Thread& thread = block.all[id];
  return thread.waits_for != nullptr && *thread.waits_for == thread.passed;
}

inline void run_block(bool backwards) {
  start_block();
  while (block.alive > 0) {
    bool has_progressed = false;
    for (unsigned k = 0; k < block.threads && block.failure == nullptr; ++k) {
      const unsigned id = backwards ? block.threads - 1 - k : k;
      if (block.fibers.is_done(id) || is_waiting(id)) continue;
      block.all[id].waits_for = nullptr;
      has_progressed = true;
      block.fibers.resume(id);
    }
    if (!has_progressed && block.failure == nullptr)
      block.failure = "threads wait at a barrier that others never reach";
    if (block.failure != nullptr) return block.fibers.abandon();
  }
}

// The bytes of a kernel's parameters, up to 0.
template <class... Parameters>
const std::size_t* parameter_sizes(void (*)(Parameters...)) {
  static const std::size_t sizes[] = {sizeof(Parameters)..., 0};
  return sizes;
}

template <class... Parameters>
struct Call {
  void (*kernel)(Parameters...);
  void** values;

  template <std::size_t... Index>
  void run(std::index_sequence<Index...>) const {
    kernel(*static_cast<std::remove_reference_t<Parameters>*>(values[Index])...);
  }
};

class DynamicShared {
 public:
  explicit DynamicShared(std::size_t bytes) : bytes_(bytes) {
    // Exactly this many bytes, so that AddressSanitizer sees an access behind them.
    if (bytes > 0 && posix_memalign(&memory_, 128, bytes) != 0) std::abort();
  }
  ~DynamicShared() { std::free(memory_); }
  DynamicShared(const DynamicShared&) = delete;
  DynamicShared& operator=(const DynamicShared&) = delete;

  void poison() {
    if (bytes_ > 0) std::memset(memory_, 0xff, bytes_);
  }
  void* memory() const { return memory_; }

 private:
  void* memory_ = nullptr;
  std::size_t bytes_;
};

// Runs a kernel. `shape` is the grid, then the block. Returns what went wrong, or null.
template <class... Parameters>
const char* launch(void (*kernel)(Parameters...), const unsigned* shape, std::size_t dynamic_shared, bool backwards,
                   void** values) {
  Call<Parameters...> call{kernel, values};
  DynamicShared shared(dynamic_shared);
  const StaticShared static_shared = find_static_shared();
  block.grid = {shape[0], shape[1], shape[2]};
  block.size = {shape[3], shape[4], shape[5]};
  block.threads = shape[3] * shape[4] * shape[5];
  block.dynamic_shared = shared.memory();
  block.failure = nullptr;
  block.call = &call;
  block.body = [](void* data) {
    static_cast<Call<Parameters...>*>(data)->run(std::index_sequence_for<Parameters...>{});
  };
  for (unsigned z = 0; z < shape[2]; ++z) {
    for (unsigned y = 0; y < shape[1]; ++y) {
      for (unsigned x = 0; x < shape[0]; ++x) {
        shared.poison();
        static_shared.poison();
        block.index = {x, y, z};
        run_block(backwards);
        if (block.failure != nullptr) return block.failure;
      }
    }
  }
  return nullptr;
}

}  // namespace emulation

#define threadIdx (emulation::block.all[emulation::thread_id()].index)
#define blockIdx (emulation::block.index)
#define blockDim (emulation::block.size)
#define gridDim (emulation::block.grid)

inline void __syncthreads() { emulation::wait(emulation::block.barrier, emulation::block.alive); }
inline void __threadfence() {}
inline void __threadfence_block() {}

inline void __syncwarp(unsigned mask = 0xffffffffu) {
  if (mask != 0xffffffffu) emulation::fail("__syncwarp names a part of its warp");
  emulation::wait_for_warp();
}

template <class T>
T __shfl_sync(unsigned mask, T value, int lane) {
  return emulation::exchange(mask, value, static_cast<unsigned>(lane) % emulation::kWarp);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lanes) {
  return emulation::exchange(mask, value, emulation::lane_id() ^ static_cast<unsigned>(lanes));
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned lanes) {
  return emulation::exchange(mask, value, emulation::lane_id() + lanes);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned lanes) {
  const unsigned lane = emulation::lane_id();
  return emulation::exchange(mask, value, lane < lanes ? lane : lane - lanes);
}
inline unsigned __ballot_sync(unsigned mask, int predicate) {
  const std::uint64_t* values = emulation::gather_lanes(mask, predicate != 0);
  unsigned bits = 0;
  for (unsigned lane = 0; lane < emulation::lanes_of_warp(); ++lane) {
    bits |= static_cast<unsigned>(values[lane] & 1) << lane;
  }
  return bits;
}
inline int __any_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) != 0; }
inline int __all_sync(unsigned mask, int predicate) { return __ballot_sync(mask, !predicate) == 0; }

// Threads never run at the same time here.
template <class T>
T atomicAdd(T* at, T value) {
  const T old = *at;
  *at = old + value;
  return old;
}
template <class T>
T atomicMax(T* at, T value) {
  const T old = *at;
  *at = std::max(old, value);
  return old;
}
template <class T>
T atomicMin(T* at, T value) {
  const T old = *at;
  *at = std::min(old, value);
  return old;
}
template <class T>
T atomicOr(T* at, T value) {
  const T old = *at;
  *at = old | value;
  return old;
}
template <class T>
T atomicExch(T* at, T value) {
  return std::exchange(*at, value);
}
template <class T>
T __ldg(const T* at) {
  return *at;
}

struct alignas(8) float2 {
  float x, y;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(8) int2 {
  int x, y;
};
struct alignas(16) int4 {
  int x, y, z, w;
};
struct alignas(8) uint2 {
  unsigned x, y;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
inline float2 make_float2(float x, float y) { return {x, y}; }
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
inline int2 make_int2(int x, int y) { return {x, y}; }
inline int4 make_int4(int x, int y, int z, int w) { return {x, y, z, w}; }
inline uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }

namespace emulation {
template <class To, class From>
To bits_of(From value) {
  static_assert(sizeof(To) == sizeof(From));
  To result;
  std::memcpy(&result, &value, sizeof(To));
  return result;
}
}  // namespace emulation

inline int __float_as_int(float x) { return emulation::bits_of<int>(x); }
inline unsigned __float_as_uint(float x) { return emulation::bits_of<unsigned>(x); }
inline float __int_as_float(int x) { return emulation::bits_of<float>(x); }
inline float __uint_as_float(unsigned x) { return emulation::bits_of<float>(x); }
inline unsigned __umulhi(unsigned a, unsigned b) { return static_cast<unsigned>(std::uint64_t{a} * b >> 32); }
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __clz(int x) { return x == 0 ? 32 : __builtin_clz(static_cast<unsigned>(x)); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline float rsqrtf(float x) { return 1.f / std::sqrt(x); }
inline float __expf(float x) { return expf(x); }
inline float __logf(float x) { return logf(x); }
inline float __fdividef(float a, float b) { return a / b; }
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fsqrt_rn(float x) { return std::sqrt(x); }
using std::max;
using std::min;

#include "tensor-cores.h"
