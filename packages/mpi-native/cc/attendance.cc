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

Sight Attendance::See() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  Sight sight = sight_;
  for (std::size_t rank = 0; rank < outstanding_.size(); rank++) {
    if (outstanding_[rank] > 0) sight.missing.push_back(static_cast<int>(rank));
  }
  return sight;
}

}  // namespace mpi_addon
