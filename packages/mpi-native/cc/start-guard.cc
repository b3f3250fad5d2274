#include "start-guard.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace mpi_addon {
namespace {

/** The rank that the launcher announced; 0 if it announced none. */
int AnnouncedRank() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"}) {
    if (const char* text = std::getenv(name)) return std::atoi(text);
  }
  return 0;
}

}  // namespace

StartGuard::StartGuard(double timeout) {
  if (timeout <= 0) return;
  // Node's thread handles all signals.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this, timeout] { Watch(timeout); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

StartGuard::~StartGuard() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    has_started_ = true;
  }
  ended_.notify_all();
  thread_.join();
}

void StartGuard::Watch(double timeout) {
  const int rank = AnnouncedRank();
  // Rank by rank later, so that one line is printed.
  const std::chrono::duration<double> limit(timeout + rank * std::min(timeout / 4, 5.0));
  std::unique_lock<std::mutex> lock(mutex_);
  if (ended_.wait_for(lock, limit, [this] { return has_started_; })) return;
  char line[256];
  const int length = snprintf(line, sizeof line,
                              "ts-fairseq: not all processes started MPI: rank %d has waited for them for %g s "
                              "(--heartbeat-timeout); all processes are ended\n",
                              rank, limit.count());
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line, length);
  std::this_thread::sleep_for(
      std::chrono::milliseconds(100));  // so that mpirun prints the line before its own messages
  // MPI_Abort does not work yet. mpirun ends the other processes when one was killed.
  for (;;) kill(getpid(), SIGKILL);
}

}  // namespace mpi_addon
