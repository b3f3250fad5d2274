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
    kEager,   // for data that is on its way: polls, then yields
  };

  /** @param polls whether it polls at all: not where ranks share cores, because another one waits for this core */
  Patience(Kind kind, bool polls) : kind_(kind), polling_(polls ? kPolling : std::chrono::microseconds(0)) {}

  /** Something has arrived: starts again. */
  void Reset() { is_waiting_ = false; }

  void Pause() {
    const auto now = std::chrono::steady_clock::now();
    if (!is_waiting_) since_ = now;
    is_waiting_ = true;
    if (now - since_ < polling_) return;
    if (kind_ == Kind::kEager || now - since_ < kYielding) sched_yield();
    else std::this_thread::sleep_for(kSleep);
  }

 private:
  static constexpr std::chrono::microseconds kPolling{100}, kYielding{1000};
  // The kernel's timers add about 50 µs.
  static constexpr std::chrono::microseconds kSleep{50};

  const Kind kind_;
  const std::chrono::microseconds polling_;
  bool is_waiting_ = false;
  std::chrono::steady_clock::time_point since_;
};

}  // namespace mpi_addon
