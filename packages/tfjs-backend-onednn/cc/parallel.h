#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <type_traits>

#include "rounding.h"
#include "team.h"

namespace onednn_backend {

// Catches the first exception of a job, whose threads must not throw, and throws it again on the calling thread.
class ExceptionCarrier {
 public:
  template <class Body>
  void run(const Body& body) noexcept {
    try {
      body();
    } catch (...) {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!exception_) exception_ = std::current_exception();
    }
  }

  void rethrow() const {
    if (exception_) std::rethrow_exception(exception_);
  }

 private:
  std::mutex mutex_;
  std::exception_ptr exception_;
};

// Bodies of up to this size are copied.
constexpr std::size_t kMostCopiedBytes = 88;

// The body of a job: a copy of a small one that may be copied, else a reference.
template <class Body>
struct HeldBody {
  static constexpr bool kCopies = std::is_trivially_copyable_v<Body> && sizeof(Body) <= kMostCopiedBytes;
  std::conditional_t<kCopies, const Body, const Body&> body;
};

// The functions of parts below capture two int64_t, the body and a pointer.
static_assert(kMostCopiedBytes + 2 * sizeof(int64_t) + sizeof(ExceptionCarrier*) <= kMostFunctionBytes,
              "a PartFunction has room for a copied body");

// The number of items that make up a part worth a thread.
inline int64_t items_of_part(int64_t work_of_item, int64_t least_work) {
  return 1 + (least_work - 1) / std::max<int64_t>(1, work_of_item);
}

// Parts of a job per thread. A thread that waits for a processor leaves the rest of its share to others.
constexpr int64_t kRangesPerThread = 4;

// Calls body(begin, end) for contiguous parts of [0, count). No part is smaller than `grain` except the last. The parts
// depend on the number of threads, so they must be independent of each other.
template <class Body>
void parallel_ranges(int64_t count, int64_t grain, const Body& body, int64_t parts_per_thread = kRangesPerThread) {
  if (count <= 0) return;
  const int64_t threads = team_threads(), most = ceil_divide(count, std::max<int64_t>(grain, 1));
  const int64_t rounds = std::clamp<int64_t>(most / (4 * threads), 1, parts_per_thread);
  const int64_t parts = most < threads ? most : rounds * threads;
  if (parts <= 1 || computes_alone()) {
    body(int64_t{0}, count);
    return;
  }
  ExceptionCarrier carrier;
  const HeldBody<Body> held{body};
  run_parts(parts, PartFunction([count, parts, held, to = &carrier](int64_t part) {
              const int64_t begin = count * part / parts, end = count * (part + 1) / parts;
              if (begin < end) to->run([&] { held.body(begin, end); });
            }));
  carrier.rethrow();
}

// Calls body(index) for every index; each part is a few neighbours. For tasks of uneven cost that do not share outputs.
template <class Body>
void parallel_tasks(int64_t count, const Body& body) {
  const int64_t parts = std::min<int64_t>(count, int64_t{kMostPartsPerThread} * team_threads());
  if (parts <= 1 || computes_alone()) {
    for (int64_t index = 0; index < count; index++) body(index);
    return;
  }
  ExceptionCarrier carrier;
  const HeldBody<Body> held{body};
  run_parts(parts, PartFunction([count, parts, held, to = &carrier](int64_t part) {
              const int64_t end = count * (part + 1) / parts;
              for (int64_t index = count * part / parts; index < end; index++) to->run([&] { held.body(index); });
            }));
  carrier.rethrow();
}

}  // namespace onednn_backend
