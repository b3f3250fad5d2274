#pragma once

#include <omp.h>

namespace onednn_backend {

// While one lives, oneDNN computes on the calling thread alone: its own threads, OpenMP's, would compete with the
// team's for the processors (team.h), which calls oneDNN for a part of a product on each of its threads instead.
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
