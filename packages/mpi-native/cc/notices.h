#pragma once

#include <mpi.h>

#include <array>
#include <chrono>

#include "attendance.h"

namespace mpi_addon {

/**
 * A rank that waits tells ranks 0 and 1 again and again that it is alive. When a rank hangs in the middle of an
 * exchange, all wait for each other, and only the one that says nothing is to blame.
 */
class Notices {
 public:
  /** @param timeout of the watchdog in seconds; 0 or less: no notices */
  Notices(int rank, int size, double timeout, Attendance& attendance);

  /** Sends and receives what is due. Calls MPI. @param waiting_since when something last arrived here */
  void Tend(std::chrono::steady_clock::time_point waiting_since);
  bool IsDue(std::chrono::steady_clock::time_point now) const { return now >= next_; }

 private:
  void SendTo(int witness);
  void Receive();

  const int rank_, size_;
  const std::chrono::steady_clock::duration period_;
  Attendance& attendance_;
  std::chrono::steady_clock::time_point next_, next_sending_;
  // The last notice to each of ranks 0 and 1.
  std::array<MPI_Request, 2> sent_ = {MPI_REQUEST_NULL, MPI_REQUEST_NULL};
};

}  // namespace mpi_addon
