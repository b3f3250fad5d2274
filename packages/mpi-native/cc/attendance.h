#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace mpi_addon {

/** What a rank waits for in a collective. */
enum class Phase {
  kOutside,   // it is in no collective
  kArrival,   // for the other ranks to enter it
  kExchange,  // for the data of the others
  kLeaving,   // for MPI_Finalize
};

/** What the watchdog sees of the thread that calls MPI. */
struct Sight {
  int64_t collective = 0;  // its number; 0 before the first one
  Phase phase = Phase::kOutside;
  std::string where;   // what the collective belongs to: `update 12`
  std::string before;  // what the previous collective belonged to
  /** The ranks from which, or to which, messages are outstanding; without those that are known to wait themselves. */
  std::vector<int> missing;
  int64_t completed = 0;  // messages, since the start
};

/** The state of the current collective: written by the thread that calls MPI, read by the watchdog. */
class Attendance {
 public:
  /** @param timeout of the watchdog in seconds */
  Attendance(int size, double timeout) : recently_(timeout / 2), outstanding_(size), heard_(size) {}

  void Enter(const std::string& where);
  void Begin(Phase phase);
  void Leave();
  /** Messages from a rank, or to it, are outstanding. */
  void Expect(int rank, std::size_t messages);
  /** One of them is complete. */
  void Complete(int rank);
  /** A rank says that it waits for messages. */
  void Hear(int rank);

  Sight See() const;

 private:
  bool HasHeard(std::size_t rank) const;

  const std::chrono::duration<double> recently_;
  mutable std::mutex mutex_;
  Sight sight_;
  std::vector<std::size_t> outstanding_;                      // messages by rank
  std::vector<std::chrono::steady_clock::time_point> heard_;  // last, by rank
};

}  // namespace mpi_addon
