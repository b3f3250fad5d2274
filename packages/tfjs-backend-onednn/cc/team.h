#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

// The threads that share out the work of kernels: one team for the process, started when it is first needed.
//
// A job is a number of parts. Each thread takes the parts of its own share first, so that it finds in its caches what
// it left there, and then those that others have not begun. The calling thread takes parts too and waits only for those
// that another thread has begun. So a thread that waits for a processor, because other programs use them, holds nothing
// up, and a job computes the same bits whichever thread takes which part.
//
// Waiting threads watch for two milliseconds and then sleep, on a busy machine at once. OpenMP's threads watch for many
// milliseconds by default, and take the processor from the very thread that they wait for.
namespace onednn_backend {

constexpr int kMostThreads = 1024;

// A job has at most so many parts for each of its threads.
constexpr int kMostPartsOfThread = 8;

// Threads that the jobs of the calling thread's Node environment use. @throws std::invalid_argument outside [1, 1024]
int team_threads();
void set_team_threads(int64_t threads);

// Whether jobs of the calling thread run on it alone: it has no more threads, or runs a part of a job.
bool computes_alone();

// Functions of up to this size are copied: with the pointer to the call they fill two cache lines.
constexpr std::size_t kMostFunctionBytes = 120;

// A function of a part's index. A small one is copied, so that other threads find it in one place; a larger one lives
// elsewhere.
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

// Runs body(part) for every part in [0, parts), parts ≤ kMostPartsOfThread · team_threads(), and returns when all are
// done. The body must not throw (ExceptionCarrier in parallel.h). While the team works for another Node environment,
// the calling thread does all of it.
void run_parts(int64_t parts, const PartFunction& body);

}  // namespace onednn_backend
