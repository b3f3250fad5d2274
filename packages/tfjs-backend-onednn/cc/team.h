#pragma once

#include <omp.h>

#include <cstdint>

namespace onednn_backend {

// The threads that work through one parallel region together, phase after phase with a barrier between.
struct Team {
  int thread, threads;

  struct Range {
    int64_t begin, end;
  };

  // This thread's contiguous part of [0, count).
  Range part(int64_t count) const { return {count * thread / threads, count * (thread + 1) / threads}; }

  void barrier() const {
#pragma omp barrier
  }
};

// body(team) on every thread at once. Nothing in it may throw.
template <class Body>
void with_team(const Body& body) {
  if (omp_get_max_threads() <= 1) {
    body(Team{0, 1});
    return;
  }
#pragma omp parallel
  body(Team{omp_get_thread_num(), omp_get_num_threads()});
}

}  // namespace onednn_backend
