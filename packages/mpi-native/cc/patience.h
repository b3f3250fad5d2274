#pragma once

#include <sched.h>

#include <chrono>
#include <thread>

namespace mpi_addon {

/** How a thread waits between two looks at its messages: it polls, then yields its core, then sleeps. */
class Patience {
 public:
  enum class Kind {
    kPolite,  // for ranks that may still compute, perhaps on this core
    kEager,   // for data that is on its way: yields for longer before it sleeps
  };

  /** @param polls whether it polls at all: not where ranks share cores, because another one waits for this core */
  Patience(Kind kind, bool polls)
      : polling_(polls ? kPolling : std::chrono::microseconds(0)),
        yielding_(kind == Kind::kEager ? kYieldingForData : kYielding) {}

  /** Something has arrived: starts again. */
  void Reset() { is_waiting_ = false; }

  void Pause() {
    const auto now = std::chrono::steady_clock::now();
    if (!is_waiting_) since_ = now;
    is_waiting_ = true;
    if (now - since_ < polling_) return;
    if (now - since_ < yielding_) sched_yield();
    else std::this_thread::sleep_for(kSleep);
  }

 private:
  static constexpr std::chrono::microseconds kPolling{100}, kYielding{1000}, kYieldingForData{20'000};
  // The kernel's timers add about 50 µs.
  static constexpr std::chrono::microseconds kSleep{50};

  const std::chrono::microseconds polling_, yielding_;  // since the last arrival
  bool is_waiting_ = false;
  std::chrono::steady_clock::time_point since_;
};

}  // namespace mpi_addon
