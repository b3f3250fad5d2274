#pragma once

#include <mpi.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <limits>
#include <mutex>
#include <vector>

#include "attendance.h"
#include "notices.h"
#include "patience.h"

namespace mpi_addon {

/** Bytes that go to a rank, or come from it, in messages of one size; the last one may be shorter. */
struct Stream {
  enum class Direction { kSend, kReceive };

  Direction direction;
  int peer;
  int tag;
  char* data;
  std::size_t bytes;
  std::size_t message_bytes;
  /** Where message m is: at `data + (m mod slots) · stride`. Without slots, messages follow each other in memory. */
  std::size_t slots = 0;
  std::size_t stride = 0;
  /** The number of messages that may be posted so far; grows while slots become free. */
  std::size_t limit = std::numeric_limits<std::size_t>::max();

  std::size_t posted = 0;
  std::size_t completed = 0;

  std::size_t messages() const { return (bytes + message_bytes - 1) / message_bytes; }
};

/** Moves streams with non-blocking messages, a few of each stream at a time, until all are complete. */
class Exchange {
 public:
  /** A message of a stream is complete. It may raise the limits of streams. */
  using Done = std::function<void(std::size_t stream, std::size_t message)>;

  /** @param mutex is held during calls of MPI */
  Exchange(Attendance& attendance, Notices& notices, std::timed_mutex& mutex)
      : attendance_(attendance), notices_(notices), mutex_(mutex) {}

  /** Whether this machine has fewer cores than ranks. */
  void set_crowded(bool is_crowded) { is_crowded_ = is_crowded; }

  void Run(std::vector<Stream>& streams, Patience::Kind kind, const Done& done = nullptr);

 private:
  struct Message {
    std::size_t stream;
    std::size_t index;
  };

  void Post(std::vector<Stream>& streams);
  void PostMessage(Stream& stream);
  /** @returns the number of messages that were completed */
  int Test(std::vector<Stream>& streams, const Done& done);
  void TendNotices(std::chrono::steady_clock::time_point waiting_since);

  Attendance& attendance_;
  Notices& notices_;
  std::timed_mutex& mutex_;
  bool is_crowded_ = false;
  // In step: the requests in flight, and what each of them moves.
  std::vector<MPI_Request> requests_;
  std::vector<Message> in_flight_;
  std::vector<int> indices_;
};

}  // namespace mpi_addon
