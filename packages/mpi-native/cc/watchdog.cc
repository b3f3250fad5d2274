#include "watchdog.h"

#include <mpi.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <thread>

namespace mpi_addon {
namespace {

using Seconds = std::chrono::duration<double>;

/** How long MPI_Abort may take, and a call of MPI in another thread before it. */
constexpr Seconds kMostForAbort{5}, kMostForCall{1};
/** So that mpirun prints the line before its own messages. */
constexpr Seconds kForLine{0.1};

/** `2`, `2 and 3`, `0, 2 and 4 to 7` */
std::string ListOf(const std::vector<int>& ranks) {
  std::vector<std::string> items;
  for (std::size_t first = 0; first < ranks.size();) {
    std::size_t last = first;
    while (last + 1 < ranks.size() && ranks[last + 1] == ranks[last] + 1) last++;
    if (last - first < 2) last = first;
    const std::string start = std::to_string(ranks[first]);
    items.push_back(last == first ? start : start + " to " + std::to_string(ranks[last]));
    first = last + 1;
  }
  std::string list;
  for (std::size_t i = 0; i < items.size(); i++) {
    list += i == 0 ? "" : i + 1 == items.size() ? " and " : ", ";
    list += items[i];
  }
  return list;
}

std::string TextOf(double seconds) {
  char text[32];
  snprintf(text, sizeof text, "%g s", seconds);
  return text;
}

class Watchdog {
 public:
  Watchdog(const Watch& watch, const Attendance& attendance, std::timed_mutex& mutex)
      : watch_(watch), attendance_(attendance), mutex_(mutex) {}

  [[noreturn]] void Run() {
    const Seconds period(std::clamp(watch_.timeout / 20, 0.005, 0.5));
    auto before = std::chrono::steady_clock::now();
    for (;;) {
      std::this_thread::sleep_for(period);
      const auto now = std::chrono::steady_clock::now();
      // A longer step means that this process was stopped.
      const Seconds step = std::min<Seconds>(now - before, 2 * period);
      before = now;
      const Sight sight = attendance_.See();
      if (sight.phase == Phase::kOutside || HasMoved(sight)) waited_ = Seconds(0);
      else waited_ += step;
      last_ = sight;
      if (waited_.count() > Limit()) End(sight);
    }
  }

 private:
  /** Whether the collective has gone on since the last look. */
  bool HasMoved(const Sight& sight) const {
    if (sight.collective != last_.collective || sight.phase != last_.phase) return true;
    if (sight.phase == Phase::kExchange) return sight.completed != last_.completed;
    // From now on rank 0 counts, too.
    return watch_.rank == 1 && IsMissing(last_, 0) && !IsMissing(sight, 0);
  }

  static bool IsMissing(const Sight& sight, int rank) {
    return std::find(sight.missing.begin(), sight.missing.end(), rank) != sight.missing.end();
  }

  /** Rank by rank later, so that one line is printed: the first rank that is not missing ends the others. */
  double Limit() const {
    const double later = std::min(watch_.timeout / 4, 5.0);
    return watch_.rank < 2 ? watch_.timeout + watch_.rank * later : 2 * watch_.timeout + (watch_.rank - 2) * later;
  }

  [[noreturn]] void End(const Sight& sight) const {
    const std::string line = Complaint(watch_, sight) + "\n";
    [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line.data(), line.size());
    std::this_thread::sleep_for(kForLine);
    // mpirun ends the other processes when one was killed.
    std::thread([] {
      std::this_thread::sleep_for(kMostForAbort);
      kill(getpid(), SIGKILL);
    }).detach();
    // The lock is not released: the other thread must not call MPI any more.
    if (mutex_.try_lock_for(kMostForCall)) MPI_Abort(MPI_COMM_WORLD, kWatchdogStatus);
    for (;;) kill(getpid(), SIGKILL);
  }

  const Watch watch_;
  const Attendance& attendance_;
  std::timed_mutex& mutex_;
  Sight last_;
  Seconds waited_{0};
};

}  // namespace

std::string NamesOf(const std::vector<int>& ranks, const std::vector<std::string>& hosts) {
  std::map<std::string, std::vector<int>> by_host;
  std::vector<std::string> order;
  for (const int rank : ranks) {
    if (by_host[hosts[rank]].empty()) order.push_back(hosts[rank]);
    by_host[hosts[rank]].push_back(rank);
  }
  std::string names;
  for (const std::string& host : order) {
    const std::vector<int>& some = by_host[host];
    names += (names.empty() ? "" : ", ") + std::string(some.size() == 1 ? "rank " : "ranks ");
    names += ListOf(some) + " (" + host + ")";
  }
  return names;
}

std::string Complaint(const Watch& watch, const Sight& sight) {
  const bool is_witness = watch.rank > 1;  // it hears of rank 0 only
  const std::string missing = NamesOf(sight.missing, watch.hosts);
  const std::string self = NamesOf({watch.rank}, watch.hosts);
  const std::string time = " within " + TextOf(is_witness ? 2 * watch.timeout : watch.timeout) +
                           (is_witness ? " (twice --heartbeat-timeout)" : " (--heartbeat-timeout)");
  std::string what;
  if (sight.phase == Phase::kLeaving) {
    what = "not all processes left MPI" + time;
  } else if (sight.phase == Phase::kExchange) {
    what = missing + " exchanged no data of " + sight.where + time;
  } else if (is_witness) {
    what = missing + " did not answer " + self + " at " + sight.where + time;
  } else if (sight.where == sight.before) {
    what = missing + " did not continue " + sight.where + time;
  } else {
    what = missing + " did not reach " + sight.where + time + "; last seen at " + sight.before;
  }
  return "ts-fairseq: " + what + "; all processes are ended";
}

void StartWatchdog(const Watch& watch, const Attendance& attendance, std::timed_mutex& mutex) {
  // Node's thread handles all signals.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread([watch, &attendance, &mutex] { Watchdog(watch, attendance, mutex).Run(); }).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace mpi_addon
