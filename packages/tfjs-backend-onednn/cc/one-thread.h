#pragma once

#include <omp.h>

namespace onednn_backend {

// While an instance exists, oneDNN computes on the calling thread only. The team (team.h) calls oneDNN for a part of a
// product on each of its threads, and OpenMP threads would compete with them for the processors.
class OneThread {
 public:
  OneThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
  ~OneThread() { omp_set_num_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

}  // namespace onednn_backend
