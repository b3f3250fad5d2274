#include "team.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

#include "check-range.h"

namespace onednn_backend {

namespace {

thread_local int threads_of_environment = 1;
thread_local bool runs_part = false;

// Lets the processor slow down or serve its other hardware thread until the next check.
inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

using Clock = std::chrono::steady_clock;

// Checks between two readings of the clock. If they take longer than a short task of V8's own threads, another program
// has the processor.
constexpr int64_t kChecksPerClock = 16;
constexpr std::chrono::milliseconds kAway{3};

constexpr std::size_t kCacheLine = 64;
constexpr int64_t kMostParts = int64_t{kMostThreads} * kMostPartsPerThread;

// The identity of a job in one word: its number, its parts and its threads.
struct Job {
  uint32_t number;
  int64_t parts, threads;

  // The state of a part of this job.
  uint64_t open() const { return uint64_t{number} << 2; }
  uint64_t taken() const { return open() | 1; }
  uint64_t done() const { return open() | 2; }

  uint64_t word() const {
    return uint64_t{number} << 32 | static_cast<uint64_t>(parts) << 16 | static_cast<uint64_t>(threads);
  }
  static Job of(uint64_t word) {
    return {static_cast<uint32_t>(word >> 32), static_cast<int64_t>(word >> 16 & 0xffff),
            static_cast<int64_t>(word & 0xffff)};
  }
};

class Team {
 public:
  // Never destroyed: its threads may be asleep when the process ends.
  static Team& instance() {
    static Team* const team = new Team();
    return *team;
  }

  void run(int64_t parts, int64_t threads, const PartFunction& body) {
    start_workers(threads - 1);
    const Job job{++number_, parts, threads};
    board_.body = body;
    claim(0).store(job.taken(), std::memory_order_relaxed);  // the calling thread's first part
    for (int64_t part = 1; part < parts; part++) claim(part).store(job.open(), std::memory_order_relaxed);
    board_.job.store(job.word(), std::memory_order_release);
    if (some_sleep_.load(std::memory_order_relaxed)) wake();  // a worker that is just falling asleep misses one job
    std::fill(is_own_, is_own_ + parts, false);
    is_own_[0] = true;
    body(0);
    each_part(job, 0, [&](int64_t part) {
      if (!take(job, part)) return;
      is_own_[part] = true;
      body(part);
    });
    for (int64_t part = 0; part < parts; part++) {
      if (!is_own_[part]) wait_for(job, part);
    }
  }

  // Locked while a job runs.
  std::mutex in_use;

 private:
  void start_workers(int64_t count) {
    for (; workers_ < count; workers_++) {
      try {
        std::thread([this, index = workers_ + 1] { work(index); }).detach();
      } catch (const std::system_error&) {
        return;  // the system allows no more threads; the existing ones do the work
      }
    }
  }

  void work(int64_t index) {
    runs_part = true;
    for (uint64_t seen = 0;;) {
      seen = next_job(seen);
      const Job job = Job::of(seen);
      if (index >= job.threads) continue;
      for (std::size_t line = 0; line < sizeof(PartFunction); line += kCacheLine) {
        __builtin_prefetch(reinterpret_cast<const char*>(&board_.body) + line);
      }
      each_part(job, index, [&](int64_t part) {
        if (take(job, part)) finish(job, part);
      });
    }
  }

  // Called once per job: sleeping workers take a while to respond.
  void wake() {
    const std::lock_guard<std::mutex> lock(sleep_);
    some_sleep_.store(false);
    wake_.notify_all();
  }

  // Waits for a job other than `seen`.
  uint64_t next_job(uint64_t seen) {
    const std::optional<uint64_t> word = poll([&]() -> std::optional<uint64_t> {
      const uint64_t now = board_.job.load(std::memory_order_acquire);
      return now == seen ? std::nullopt : std::optional<uint64_t>(now);
    });
    if (word) return *word;
    std::unique_lock<std::mutex> lock(sleep_);
    some_sleep_.store(true);
    wake_.wait(lock, [&] { return board_.job.load() != seen; });
    return board_.job.load(std::memory_order_acquire);
  }

  // Calls body(part) for the thread's own share from its start, then for the others' shares from their ends.
  template <class Body>
  static void each_part(const Job& job, int64_t thread, const Body& body) {
    const auto begin = [&](int64_t of) { return job.parts * of / job.threads; };
    for (int64_t part = begin(thread); part < begin(thread + 1); part++) body(part);
    for (int64_t step = 1; step < job.threads; step++) {
      const int64_t other = (thread + step) % job.threads;
      for (int64_t part = begin(other + 1) - 1; part >= begin(other); part--) body(part);
    }
  }

  // Takes the part if it is still free. A claim belongs to one job: a thread that is too late finds another job's
  // number. A thread that holds a claim can rely on the body on the board, because its job does not end before the part
  // is done.
  bool take(const Job& job, int64_t part) {
    uint64_t expected = job.open();
    return claim(part).load(std::memory_order_relaxed) == expected &&
           claim(part).compare_exchange_strong(expected, job.taken(), std::memory_order_acq_rel);
  }

  // Runs a part that a worker has taken. The calling thread does not mark its own parts.
  void finish(const Job& job, int64_t part) {
    board_.body(part);
    claim(part).store(job.done());
    if (!leader_sleeps_.load()) return;
    const std::lock_guard<std::mutex> lock(sleep_);
    finished_.notify_one();
  }

  void wait_for(const Job& job, int64_t part) {
    const auto is_done = [&] { return claim(part).load() == job.done(); };
    if (poll([&] { return is_done() ? std::optional<bool>(true) : std::nullopt; })) return;
    std::unique_lock<std::mutex> lock(sleep_);
    leader_sleeps_.store(true);
    finished_.wait(lock, is_done);
    leader_sleeps_.store(false);
  }

  // Polls `look` for a while. Returns its result, or nothing if it finds nothing.
  template <class Look>
  auto poll(const Look& look) -> decltype(look()) {
    constexpr int64_t kChecksBeforePause = 200;  // a pause may take as long as the transfer of a cache line
    for (int64_t i = 0; i < kChecksBeforePause; i++) {
      if (auto found = look()) return found;
    }
    const Clock::time_point start = Clock::now();
    const auto limit = poll_limit(start);
    for (Clock::time_point before = start;;) {
      for (int64_t i = 0; i < kChecksPerClock; i++) {
        if (auto found = look()) return found;
        pause();
      }
      const Clock::time_point now = Clock::now();
      if (now - before > kAway) busy_since_.store(now.time_since_epoch(), std::memory_order_relaxed);
      if (now - start > limit) return std::nullopt;
      before = now;
    }
  }

  // How long a thread polls: as long as JavaScript takes between two kernels. If another program recently took the
  // processor from a polling thread, only as long as it takes to sleep and wake up a few times.
  Clock::duration poll_limit(Clock::time_point now) const {
    constexpr std::chrono::microseconds kLimit{2000}, kLimitWhenBusy{20};
    constexpr std::chrono::milliseconds kMemory{200};
    return now.time_since_epoch() - busy_since_.load(std::memory_order_relaxed) < kMemory ? kLimitWhenBusy : kLimit;
  }

  std::atomic<uint64_t>& claim(int64_t part) {
    return part < kNearClaims ? board_.claims[part] : far_claims_[part - kNearClaims];
  }

  // Everything that a worker reads of a job, side by side: each cache line that moves between processors costs as much
  // as a short part.
  static constexpr int64_t kNearClaims = 7;
  struct alignas(kCacheLine) Board {
    std::atomic<uint64_t> job{0};
    std::atomic<uint64_t> claims[kNearClaims] = {};
    alignas(kCacheLine) PartFunction body;
  };

  Board board_;
  alignas(kCacheLine) std::atomic<uint64_t> far_claims_[kMostParts - kNearClaims] = {};
  alignas(kCacheLine) std::atomic<bool> some_sleep_{false};
  std::atomic<bool> leader_sleeps_{false};
  std::mutex sleep_;
  std::condition_variable wake_, finished_;
  std::atomic<Clock::duration> busy_since_{Clock::duration::min() / 2};
  bool is_own_[kMostParts] = {};  // parts that the calling thread has taken
  uint32_t number_ = 0;
  int64_t workers_ = 0;
};

}  // namespace

int team_threads() { return threads_of_environment; }

void set_team_threads(int64_t threads) {
  check_between("threads", threads, 1, kMostThreads);
  threads_of_environment = static_cast<int>(threads);
}

bool computes_alone() { return runs_part || threads_of_environment <= 1; }

void run_parts(int64_t parts, const PartFunction& body) {
  if (computes_alone()) {
    for (int64_t part = 0; part < parts; part++) body(part);
    return;
  }
  Team& team = Team::instance();
  const std::unique_lock<std::mutex> lock(team.in_use, std::try_to_lock);
  runs_part = true;
  if (lock.owns_lock() && parts > 1) {
    team.run(parts, threads_of_environment, body);
  } else {
    for (int64_t part = 0; part < parts; part++) body(part);
  }
  runs_part = false;
}

}  // namespace onednn_backend
