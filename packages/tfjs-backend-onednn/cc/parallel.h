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

// Carries the first exception out of a job, where none may pass.
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

// How many items of some work make up a part that is worth a thread.
inline int64_t items_of_part(int64_t work_of_item, int64_t least_work) {
  return 1 + (least_work - 1) / std::max<int64_t>(1, work_of_item);
}

// Parts of a job for each thread, so that one which waits for a processor leaves the rest of its share to others.
constexpr int64_t kRangesOfThread = 4;

// body(begin, end) over contiguous parts of [0, count), none smaller than `grain` but the last. Which part an index
// falls into depends on the number of threads: parts must be independent of each other.
template <class Body>
void parallel_ranges(int64_t count, int64_t grain, const Body& body, int64_t parts_of_thread = kRangesOfThread) {
  if (count <= 0) return;
  const int64_t threads = team_threads(), most = ceil_divide(count, std::max<int64_t>(grain, 1));
  const int64_t rounds = std::clamp<int64_t>(most / (4 * threads), 1, parts_of_thread);
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

// body(index) for every index, a few neighbours a part: for tasks of uneven cost that do not share outputs.
template <class Body>
void parallel_tasks(int64_t count, const Body& body) {
  const int64_t parts = std::min<int64_t>(count, int64_t{kMostPartsOfThread} * team_threads());
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
