#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

// The threads that compute kernels: one team per process, started when it is first needed.
//
// A job is divided into parts. Each thread takes the parts of its own share first, because its caches contain their
// data, and then unclaimed parts of other shares. The calling thread takes parts too and waits only for
// parts that another thread has begun. A thread that waits for a processor therefore delays nothing but its current
// part. The results do not depend on which thread computes a part.
//
// Idle threads poll for two milliseconds and then sleep, or sleep almost immediately on a busy machine. OpenMP's
// threads poll for many milliseconds by default and take the processor from the thread that they wait for.
namespace onednn_backend {

constexpr int kMostThreads = 1024;

// The largest number of parts of a job per thread.
constexpr int kMostPartsPerThread = 8;

// The number of threads for jobs of the calling thread's Node environment. Throws std::invalid_argument outside [1,
// 1024].
int team_threads();
void set_team_threads(int64_t threads);

// Whether jobs of the calling thread run on it alone: the environment has one thread, or this thread runs a part of a
// job.
bool computes_alone();

// Functions of up to this size are copied. Together with the pointer to the call they fill two cache lines.
constexpr std::size_t kMostFunctionBytes = 120;

// A function of a part's index. A small function is copied, so that other threads read one place; a larger one is
// referenced.
class PartFunction {
 public:
  PartFunction() = default;

  template <class Body>
  explicit PartFunction(const Body& body) {
    if constexpr (std::is_trivially_copyable_v<Body> && sizeof(Body) <= sizeof body_ &&
                  alignof(Body) <= alignof(void*)) {
      std::memcpy(body_, &body, sizeof body);
      call_ = [](const void* function, int64_t part) { (*static_cast<const Body*>(function))(part); };
    } else {
      const Body* const place = &body;
      std::memcpy(body_, &place, sizeof place);
      call_ = [](const void* function, int64_t part) { (**static_cast<const Body* const*>(function))(part); };
    }
  }

  void operator()(int64_t part) const { call_(body_, part); }

 private:
  void (*call_)(const void* body, int64_t part) = nullptr;
  alignas(void*) char body_[kMostFunctionBytes];
};
static_assert(sizeof(PartFunction) == 2 * 64, "a PartFunction fills two cache lines");

// Runs body(part) for every part in [0, parts) and returns when all are done. parts ≤ kMostPartsPerThread ·
// team_threads(). The body must not throw (ExceptionCarrier in parallel.h). If the team is busy with another Node
// environment, the calling thread runs all parts.
void run_parts(int64_t parts, const PartFunction& body);

}  // namespace onednn_backend
