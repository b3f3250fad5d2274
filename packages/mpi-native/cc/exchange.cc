#include "exchange.h"

#include <algorithm>
#include <functional>

#include "check.h"

namespace mpi_addon {
namespace {

/** Messages of a stream in flight: the next ones wait while one is copied. */
constexpr std::size_t kInFlight = 4;

}  // namespace

void Exchange::Run(std::vector<Stream>& streams, Patience::Kind kind, const Done& done) {
  requests_.clear();
  in_flight_.clear();
  for (const Stream& stream : streams) attendance_.Expect(stream.peer, stream.messages());
  Patience patience(kind, !is_crowded_);
  auto waiting_since = std::chrono::steady_clock::now();
  for (;;) {
    Post(streams);
    if (requests_.empty()) return;
    if (Test(streams, done) > 0) {
      patience.Reset();
      waiting_since = std::chrono::steady_clock::now();
    } else {
      TendNotices(waiting_since);
      patience.Pause();
    }
  }
}

void Exchange::TendNotices(std::chrono::steady_clock::time_point waiting_since) {
  if (!notices_.IsDue(std::chrono::steady_clock::now())) return;
  const std::lock_guard<std::timed_mutex> lock(mutex_);
  notices_.Tend(waiting_since);
}

void Exchange::Post(std::vector<Stream>& streams) {
  for (std::size_t i = 0; i < streams.size(); i++) {
    Stream& stream = streams[i];
    const std::size_t most = std::min({stream.messages(), stream.limit, stream.completed + kInFlight});
    while (stream.posted < most) {
      in_flight_.push_back({i, stream.posted});
      PostMessage(stream);
    }
  }
}

void Exchange::PostMessage(Stream& stream) {
  const std::size_t index = stream.posted++;
  const std::size_t start = index * stream.message_bytes;
  const int bytes = static_cast<int>(std::min(stream.message_bytes, stream.bytes - start));
  char* place = stream.data + (stream.slots == 0 ? start : index % stream.slots * stream.stride);
  const std::lock_guard<std::timed_mutex> lock(mutex_);
  MPI_Request& request = requests_.emplace_back(MPI_REQUEST_NULL);
  if (stream.direction == Stream::Direction::kSend) {
    Check(MPI_Isend(place, bytes, MPI_BYTE, stream.peer, stream.tag, MPI_COMM_WORLD, &request), "MPI_Isend");
  } else {
    Check(MPI_Irecv(place, bytes, MPI_BYTE, stream.peer, stream.tag, MPI_COMM_WORLD, &request), "MPI_Irecv");
  }
}

int Exchange::Test(std::vector<Stream>& streams, const Done& done) {
  int count = 0;
  indices_.resize(requests_.size());
  {
    const std::lock_guard<std::timed_mutex> lock(mutex_);
    Check(MPI_Testsome(static_cast<int>(requests_.size()), requests_.data(), &count, indices_.data(),
                       MPI_STATUSES_IGNORE),
          "MPI_Testsome");
  }
  // From the last one, because the last request takes the place of a completed one.
  std::sort(indices_.begin(), indices_.begin() + count, std::greater<int>());
  for (int i = 0; i < count; i++) {
    const Message message = in_flight_[indices_[i]];
    in_flight_[indices_[i]] = in_flight_.back();
    requests_[indices_[i]] = requests_.back();
    in_flight_.pop_back();
    requests_.pop_back();
    Stream& stream = streams[message.stream];
    stream.completed++;
    attendance_.Complete(stream.peer);
    if (done) done(message.stream, message.index);
  }
  return count;
}

}  // namespace mpi_addon
