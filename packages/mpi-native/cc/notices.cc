#include "notices.h"

#include <algorithm>

#include "check.h"
#include "tags.h"

namespace mpi_addon {
namespace {

using Clock = std::chrono::steady_clock;

/** Notices per timeout of the watchdog, and looks for them. */
constexpr int kSendings = 4, kLooks = 16;

Clock::duration PartOf(double timeout, int parts) {
  // A timeout of years is as good as none.
  const std::chrono::duration<double> part(std::min(timeout, 1e8) / parts);
  return std::chrono::duration_cast<Clock::duration>(part);
}

}  // namespace

Notices::Notices(int rank, int size, double timeout, Attendance& attendance)
    : rank_(rank), size_(size), period_(PartOf(timeout, kSendings)), attendance_(attendance) {
  if (timeout <= 0) next_ = Clock::time_point::max();
}

void Notices::Tend(Clock::time_point waiting_since) {
  const auto now = Clock::now();
  next_ = now + period_ * kSendings / kLooks;
  if (rank_ < 2) Receive();
  if (now < std::max(next_sending_, waiting_since + period_)) return;
  next_sending_ = now + period_;
  for (int witness = 0; witness < std::min(size_, 2); witness++) {
    if (witness != rank_) SendTo(witness);
  }
}

void Notices::SendTo(int witness) {
  int is_done = 1;
  MPI_Request& request = sent_[witness];
  Check(MPI_Test(&request, &is_done, MPI_STATUS_IGNORE), "MPI_Test");
  // A witness that hangs receives nothing.
  if (is_done) Check(MPI_Isend(nullptr, 0, MPI_BYTE, witness, kNoticeTag, MPI_COMM_WORLD, &request), "MPI_Isend");
}

void Notices::Receive() {
  for (;;) {
    int is_there = 0;
    MPI_Status status;
    Check(MPI_Iprobe(MPI_ANY_SOURCE, kNoticeTag, MPI_COMM_WORLD, &is_there, &status), "MPI_Iprobe");
    if (!is_there) return;
    Check(MPI_Recv(nullptr, 0, MPI_BYTE, status.MPI_SOURCE, kNoticeTag, MPI_COMM_WORLD, MPI_STATUS_IGNORE), "MPI_Recv");
    attendance_.Hear(status.MPI_SOURCE);
  }
}

}  // namespace mpi_addon
