#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "attendance.h"
#include "exchange.h"
#include "notices.h"

namespace mpi_addon {

/** Options of a world; see world.ts. */
struct Options {
  double heartbeat_timeout;  // seconds; 0 or less: no watchdog
  std::size_t message_bytes;
};

/** A collective; all ranks must call the same. */
enum class Operation : int64_t { kJoin, kAllGather, kSumSlices, kGatherSlices, kGatherSlicesAtRoot, kFinalize };

/** What a rank tells ranks 0 and 1 when it enters a collective. */
struct Arrival {
  int64_t collective;  // its number
  Operation operation;
  int64_t length;
  int64_t element_bytes;
};

/**
 * The processes of the job: one per process, never destroyed. Every function is called by the same thread; collectives
 * block it and throw std::runtime_error.
 */
class World {
 public:
  /** Calls MPI_Init_thread. */
  explicit World(const Options& options);

  int rank() const { return rank_; }
  int size() const { return size_; }
  int local_rank() const { return local_rank_; }
  int local_size() const { return local_size_; }
  const std::string& host() const { return host_; }
  /** MPI's description of itself, several lines. */
  static std::string Library();

  /** Says what the next collectives belong to; without it they are numbered. */
  void Describe(const std::string& where) { where_ = where; }

  /** @param memory_for returns the memory for the bytes of each rank; called in rank order */
  void AllGather(const void* data, std::size_t bytes, const std::function<void*(int rank, std::size_t)>& memory_for);
  void SumSlices(float* values, std::size_t length);
  void GatherSlices(void* values, std::size_t length, std::size_t element_bytes);
  void GatherSlicesAtRoot(void* values, std::size_t length, std::size_t element_bytes);
  void Finalize();
  [[noreturn]] void Abort(int status);

 private:
  class Collective;

  void FindNeighbours();
  void ShareHosts();
  /** Waits until all ranks have entered the collective and throws if they do not agree. @returns all, in rank order */
  std::vector<Arrival> Meet(Operation operation, std::size_t length, std::size_t element_bytes);
  void Arrive(const Arrival& own, std::vector<Arrival>& all);
  void CheckAgreement(const std::vector<Arrival>& all) const;

  Stream Send(int peer, const void* data, std::size_t bytes) const;
  Stream Receive(int peer, void* data, std::size_t bytes) const;
  char* Staging(std::size_t bytes);
  /** What the current collective belongs to. */
  std::string Place() const;

  const Options options_;
  int rank_ = 0, size_ = 1, local_rank_ = 0, local_size_ = 1;
  std::string host_;
  std::vector<std::string> hosts_;   // by rank
  std::string where_ = "the start";  // see Describe
  int64_t collectives_ = 0;
  bool is_left_ = false;

  std::timed_mutex mutex_;  // held during calls of MPI
  std::unique_ptr<Attendance> attendance_;
  std::unique_ptr<Notices> notices_;
  std::unique_ptr<Exchange> exchange_;
  std::vector<char> staging_;
};

}  // namespace mpi_addon
