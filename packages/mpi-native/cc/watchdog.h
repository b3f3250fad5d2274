#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "attendance.h"

namespace mpi_addon {

/** The exit status of a job that the watchdog ended. */
constexpr int kWatchdogStatus = 70;

/** What the watchdog of a rank knows from the start. */
struct Watch {
  double timeout;  // seconds
  int rank;
  std::vector<std::string> hosts;  // by rank
};

/** `ranks 2 and 3 (host)`, `rank 1 (one), ranks 4 to 7 (another)` */
std::string NamesOf(const std::vector<int>& ranks, const std::vector<std::string>& hosts);

/** The line that says who is missing. */
std::string Complaint(const Watch& watch, const Sight& sight);

/**
 * Starts a thread that ends the job with one line on stderr when this rank has waited too long in a collective. Rank 0
 * speaks after the timeout; rank 1 a little later, unless rank 0 has ended the job; the others after twice that time,
 * one after another. Data that arrive start the time again, and time in which this process itself was stopped does not
 * count.
 * @param attendance outlives the process's main function, like `mutex`
 * @param mutex is held by calls of MPI
 */
void StartWatchdog(const Watch& watch, const Attendance& attendance, std::timed_mutex& mutex);

}  // namespace mpi_addon
