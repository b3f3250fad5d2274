#include "attendance.h"

#include <algorithm>
#include <utility>

namespace mpi_addon {

void Attendance::Enter(const std::string& where) {
  const std::lock_guard<std::mutex> lock(mutex_);
  sight_.collective++;
  sight_.before = std::move(sight_.where);
  sight_.where = where;
}

void Attendance::Begin(Phase phase) {
  const std::lock_guard<std::mutex> lock(mutex_);
  sight_.phase = phase;
}

void Attendance::Leave() {
  const std::lock_guard<std::mutex> lock(mutex_);
  sight_.phase = Phase::kOutside;
  std::fill(outstanding_.begin(), outstanding_.end(), 0);
}

void Attendance::Expect(int rank, std::size_t messages) {
  const std::lock_guard<std::mutex> lock(mutex_);
  outstanding_[rank] += messages;
}

void Attendance::Complete(int rank) {
  const std::lock_guard<std::mutex> lock(mutex_);
  outstanding_[rank]--;
  sight_.completed++;
}

void Attendance::Hear(int rank) {
  const std::lock_guard<std::mutex> lock(mutex_);
  heard_[rank] = std::chrono::steady_clock::now();
}

bool Attendance::HasHeard(std::size_t rank) const {
  const auto when = heard_[rank];
  return when != std::chrono::steady_clock::time_point() && std::chrono::steady_clock::now() - when < recently_;
}

Sight Attendance::See() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  Sight sight = sight_;
  std::vector<int> silent;
  for (std::size_t rank = 0; rank < outstanding_.size(); rank++) {
    if (outstanding_[rank] == 0) continue;
    sight.missing.push_back(static_cast<int>(rank));
    if (!HasHeard(rank)) silent.push_back(static_cast<int>(rank));
  }
  if (!silent.empty()) sight.missing = silent;
  return sight;
}

}  // namespace mpi_addon
