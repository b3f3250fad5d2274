#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

namespace mpi_addon {

/**
 * While it exists, ends this process, and thereby the job, if the other processes do not start MPI in time. Before MPI
 * has started, no process knows which of the others is missing.
 */
class StartGuard {
 public:
  /** @param timeout seconds; 0 or less: it does nothing */
  explicit StartGuard(double timeout);
  ~StartGuard();
  StartGuard(const StartGuard&) = delete;
  StartGuard& operator=(const StartGuard&) = delete;

 private:
  void Watch(double timeout);

  std::mutex mutex_;
  std::condition_variable ended_;
  bool has_started_ = false;
  std::thread thread_;
};

}  // namespace mpi_addon
