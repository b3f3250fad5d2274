#pragma once

#include <sched.h>

#include <chrono>
#include <thread>

namespace mpi_addon {

/** How a thread waits between two looks at its messages. */
class Patience {
 public:
  enum class Kind {
    kPolite,  // for ranks that may still compute, perhaps on this core: polls, then yields, then sleeps
    kEager,   // for data that is on its way: yields only
  };

  explicit Patience(Kind kind) : kind_(kind) {}

  /** Something has arrived: starts again. */
  void Reset() { is_waiting_ = false; }

  void Pause() {
    if (kind_ == Kind::kEager) {
      sched_yield();
      return;
    }
    const auto now = std::chrono::steady_clock::now();
    if (!is_waiting_) since_ = now;
    is_waiting_ = true;
    if (now - since_ < kPolling) return;
    if (now - since_ < kYielding) sched_yield();
    else std::this_thread::sleep_for(kSleep);
  }

 private:
  static constexpr std::chrono::microseconds kPolling{100}, kYielding{1000};
  // The kernel's timers add about 50 µs.
  static constexpr std::chrono::microseconds kSleep{50};

  Kind kind_;
  bool is_waiting_ = false;
  std::chrono::steady_clock::time_point since_;
};

}  // namespace mpi_addon
