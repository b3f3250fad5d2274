#include "world.h"

#include <mpi.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include "check.h"
#include "slices.h"
#include "start-guard.h"
#include "sum.h"
#include "tags.h"
#include "watchdog.h"

namespace mpi_addon {
namespace {

/** Bytes of a message of a gather at most: small enough that the watchdog sees slow data arrive. */
constexpr std::size_t kGatherBytes = 4 << 20;

std::string NameOf(const Arrival& arrival) {
  const std::string values = " of " + std::to_string(arrival.length) + " values";
  switch (arrival.operation) {
    case Operation::kJoin: return "joinWorld with maxMessageBytes " + std::to_string(arrival.length);
    case Operation::kAllGather: return "allGather";
    case Operation::kSumSlices: return "sumSlices" + values;
    case Operation::kGatherSlices: return "gatherSlices" + values;
    case Operation::kGatherSlicesAtRoot:
      return "gatherSlicesAtRoot" + values + " of " + std::to_string(arrival.element_bytes) + " bytes";
    case Operation::kFinalize: return "finalize";
  }
  return "an unknown operation";
}

bool Agree(const Arrival& one, const Arrival& other) {
  return one.collective == other.collective && one.operation == other.operation &&
         (one.operation == Operation::kAllGather ||
          (one.length == other.length && one.element_bytes == other.element_bytes));
}

}  // namespace

/** Begins the next collective, and tells the watchdog that this rank is in it until it is destroyed. */
class World::Collective {
 public:
  explicit Collective(World& world) : attendance_(*world.attendance_) {
    world.collectives_++;
    attendance_.Enter(world.Place());
    attendance_.Begin(Phase::kArrival);
  }
  ~Collective() { attendance_.Leave(); }
  Collective(const Collective&) = delete;
  Collective& operator=(const Collective&) = delete;

  void Begin(Phase phase) { attendance_.Begin(phase); }

 private:
  Attendance& attendance_;
};

World::World(const Options& options) : options_(options) {
  const StartGuard guard(options_.heartbeat_timeout);
  int provided = 0;
  Check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided), "MPI_Init_thread");
  if (provided < MPI_THREAD_SERIALIZED) throw std::runtime_error("this MPI library was built without threads");
  Check(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  Check(MPI_Comm_rank(MPI_COMM_WORLD, &rank_), "MPI_Comm_rank");
  Check(MPI_Comm_size(MPI_COMM_WORLD, &size_), "MPI_Comm_size");
  attendance_ = std::make_unique<Attendance>(size_, options_.heartbeat_timeout);
  notices_ = std::make_unique<Notices>(rank_, size_, options_.heartbeat_timeout, *attendance_);
  exchange_ = std::make_unique<Exchange>(*attendance_, *notices_, mutex_);
  FindNeighbours();
  ShareHosts();
  if (options_.heartbeat_timeout > 0 && size_ > 1) {
    StartWatchdog({options_.heartbeat_timeout, rank_, hosts_}, *attendance_, mutex_);
  }
}

void World::FindNeighbours() {
  MPI_Comm machine;
  Check(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &machine),
        "MPI_Comm_split_type");
  Check(MPI_Comm_rank(machine, &local_rank_), "MPI_Comm_rank");
  Check(MPI_Comm_size(machine, &local_size_), "MPI_Comm_size");
  Check(MPI_Comm_free(&machine), "MPI_Comm_free");
  exchange_->set_crowded(local_size_ > sysconf(_SC_NPROCESSORS_ONLN));
}

void World::ShareHosts() {
  char name[MPI_MAX_PROCESSOR_NAME];
  int length = 0;
  Check(MPI_Get_processor_name(name, &length), "MPI_Get_processor_name");
  host_.assign(name, length);
  {
    Collective collective(*this);
    Meet(Operation::kJoin, options_.message_bytes, 1);
  }
  hosts_.resize(size_);
  AllGather(host_.data(), host_.size(), [this](int rank, std::size_t bytes) {
    hosts_[rank].resize(bytes);
    return hosts_[rank].data();
  });
  where_.clear();
}

std::string World::Library() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING];
  int length = 0;
  Check(MPI_Get_library_version(text, &length), "MPI_Get_library_version");
  return std::string(text, length);
}

std::string World::Place() const { return where_.empty() ? "collective " + std::to_string(collectives_) : where_; }

std::vector<Arrival> World::Meet(Operation operation, std::size_t length, std::size_t element_bytes) {
  const Arrival own{collectives_, operation, static_cast<int64_t>(length), static_cast<int64_t>(element_bytes)};
  std::vector<Arrival> all(size_);
  all[rank_] = own;
  if (size_ > 1) Arrive(own, all);
  CheckAgreement(all);
  return all;
}

/**
 * Each rank tells ranks 0 and 1 that it has come, so that their watchdogs know who is missing. When all have come, rank
 * 0 answers with what all said.
 */
void World::Arrive(const Arrival& own, std::vector<Arrival>& all) {
  const auto stream = [](Stream::Direction direction, int peer, int tag, const void* data, std::size_t bytes) {
    return Stream{direction, peer, tag, static_cast<char*>(const_cast<void*>(data)), bytes, bytes};
  };
  constexpr auto kSend = Stream::Direction::kSend, kReceive = Stream::Direction::kReceive;
  const std::size_t table_bytes = all.size() * sizeof(Arrival);
  std::vector<Arrival> witnessed(size_);  // what rank 1 hears
  std::vector<Stream> arrivals, answers;
  for (int witness = 0; witness < 2; witness++) {
    if (rank_ != witness) arrivals.push_back(stream(kSend, witness, kArrivalTag, &own, sizeof own));
  }
  for (int peer = 0; peer < size_ && rank_ < 2; peer++) {
    Arrival& place = (rank_ == 0 ? all : witnessed)[peer];
    if (peer != rank_) arrivals.push_back(stream(kReceive, peer, kArrivalTag, &place, sizeof place));
    if (peer != rank_ && rank_ == 0) answers.push_back(stream(kSend, peer, kAnswerTag, all.data(), table_bytes));
  }
  // The other ranks wait for the answer at once: it comes last.
  if (rank_ != 0) arrivals.push_back(stream(kReceive, 0, kAnswerTag, all.data(), table_bytes));
  exchange_->Run(arrivals, Patience::Kind::kPolite);
  exchange_->Run(answers, Patience::Kind::kPolite);
}

void World::CheckAgreement(const std::vector<Arrival>& all) const {
  for (int rank = 1; rank < size_; rank++) {
    if (Agree(all[0], all[rank])) continue;
    throw std::runtime_error(Place() + ": rank " + std::to_string(rank) + " called " + NameOf(all[rank]) +
                             " where rank 0 called " + NameOf(all[0]));
  }
}

Stream World::Send(int peer, const void* data, std::size_t bytes) const {
  const std::size_t most = std::min(options_.message_bytes, kGatherBytes);
  char* place = static_cast<char*>(const_cast<void*>(data));
  return {Stream::Direction::kSend, peer, kDataTag, place, bytes, most};
}

Stream World::Receive(int peer, void* data, std::size_t bytes) const {
  Stream stream = Send(peer, data, bytes);
  stream.direction = Stream::Direction::kReceive;
  return stream;
}

char* World::Staging(std::size_t bytes) {
  if (staging_.size() < bytes) staging_.resize(bytes);
  return staging_.data();
}

void World::AllGather(const void* data, std::size_t bytes,
                      const std::function<void*(int rank, std::size_t)>& memory_for) {
  Collective collective(*this);
  const auto all = Meet(Operation::kAllGather, bytes, 1);
  collective.Begin(Phase::kExchange);
  std::vector<Stream> streams;
  for (int peer = 0; peer < size_; peer++) {
    const auto length = static_cast<std::size_t>(all[peer].length);
    void* memory = memory_for(peer, length);
    if (peer == rank_) {
      std::copy_n(static_cast<const char*>(data), bytes, static_cast<char*>(memory));
      continue;
    }
    streams.push_back(Send(peer, data, bytes));
    streams.push_back(Receive(peer, memory, length));
  }
  exchange_->Run(streams, Patience::Kind::kEager);
}

void World::SumSlices(float* values, std::size_t length) {
  Collective collective(*this);
  Meet(Operation::kSumSlices, length, sizeof(float));
  if (size_ == 1) return;
  collective.Begin(Phase::kExchange);
  const BlockSum sum(rank_, size_, std::min(options_.message_bytes, BlockSum::BlockBytes(size_)));
  sum.Run(values, length, Staging(sum.staging_bytes()), *exchange_, kDataTag);
}

void World::GatherSlices(void* values, std::size_t length, std::size_t element_bytes) {
  Collective collective(*this);
  Meet(Operation::kGatherSlices, length, element_bytes);
  collective.Begin(Phase::kExchange);
  char* data = static_cast<char*>(values);
  const Slice own = SliceOf(length, rank_, size_);
  std::vector<Stream> streams;
  for (int peer = 0; peer < size_; peer++) {
    if (peer == rank_) continue;
    const Slice theirs = SliceOf(length, peer, size_);
    streams.push_back(Send(peer, data + own.from * element_bytes, own.length() * element_bytes));
    streams.push_back(Receive(peer, data + theirs.from * element_bytes, theirs.length() * element_bytes));
  }
  exchange_->Run(streams, Patience::Kind::kEager);
}

void World::GatherSlicesAtRoot(void* values, std::size_t length, std::size_t element_bytes) {
  Collective collective(*this);
  Meet(Operation::kGatherSlicesAtRoot, length, element_bytes);
  collective.Begin(Phase::kExchange);
  char* data = static_cast<char*>(values);
  std::vector<Stream> streams;
  for (int rank = 1; rank < size_; rank++) {
    const Slice slice = SliceOf(length, rank, size_);
    char* place = data + slice.from * element_bytes;
    const std::size_t bytes = slice.length() * element_bytes;
    if (rank_ == 0) streams.push_back(Receive(rank, place, bytes));
    if (rank_ == rank) streams.push_back(Send(0, place, bytes));
  }
  exchange_->Run(streams, Patience::Kind::kEager);
}

void World::Finalize() {
  if (is_left_) return;
  Collective collective(*this);
  Meet(Operation::kFinalize, 0, 1);
  collective.Begin(Phase::kLeaving);
  const std::lock_guard<std::timed_mutex> lock(mutex_);
  Check(MPI_Finalize(), "MPI_Finalize");
  is_left_ = true;
}

void World::Abort(int status) {
  if (!is_left_) {
    const std::lock_guard<std::timed_mutex> lock(mutex_);
    MPI_Abort(MPI_COMM_WORLD, status);
  }
  _exit(status);
}

}  // namespace mpi_addon
