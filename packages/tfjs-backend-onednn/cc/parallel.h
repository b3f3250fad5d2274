#pragma once

#include <omp.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <mutex>

namespace onednn_backend {

// Carries the first exception out of an OpenMP region, where none may pass.
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

// body(begin, end) over contiguous parts of [0, count), one for each thread and none smaller than `grain` but the last.
// Which part an index falls into depends on the thread count; use it where parts are independent.
template <class Body>
void parallel_ranges(int64_t count, int64_t grain, const Body& body) {
  if (count <= 0) return;
  const int64_t most = (count + grain - 1) / std::max<int64_t>(grain, 1);
  const int threads = static_cast<int>(std::min<int64_t>(omp_get_max_threads(), std::max<int64_t>(most, 1)));
  if (threads <= 1 || omp_in_parallel()) {
    body(int64_t{0}, count);
    return;
  }
  ExceptionCarrier carrier;
#pragma omp parallel num_threads(threads)
  {
    const int64_t team = omp_get_num_threads(), thread = omp_get_thread_num();
    const int64_t begin = count * thread / team, end = count * (thread + 1) / team;
    if (begin < end) carrier.run([&] { body(begin, end); });
  }
  carrier.rethrow();
}

// body(index) for every index, handed to threads a few at a time: for tasks of uneven cost that do not share outputs.
template <class Body>
void parallel_tasks(int64_t count, const Body& body) {
  if (count <= 1 || omp_get_max_threads() <= 1 || omp_in_parallel()) {
    for (int64_t index = 0; index < count; index++) body(index);
    return;
  }
  ExceptionCarrier carrier;
  // Neighbours mostly read the same rows; eight portions for each thread even out what they cost.
  const int64_t portion = std::max<int64_t>(1, count / (8 * omp_get_max_threads()));
#pragma omp parallel for schedule(dynamic, portion)
  for (int64_t index = 0; index < count; index++) carrier.run([&] { body(index); });
  carrier.rethrow();
}

}  // namespace onednn_backend
