#include "team.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>

namespace onednn_backend {

namespace {

thread_local int threads_of_environment = 1;
thread_local bool runs_part = false;

// A processor may slow down, or serve its other hardware thread, until the next look.
inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

constexpr std::size_t kCacheLine = 64;
constexpr int64_t kMostParts = int64_t{kMostThreads} * kMostPartsOfThread;

// What workers have to know to take part in a job, in one word: which job it is, its parts and its threads.
struct Job {
  uint32_t number;
  int64_t parts, threads;

  // Where a part of it stands.
  uint64_t open() const { return uint64_t{number} << 2; }
  uint64_t taken() const { return open() | 1; }
  uint64_t done() const { return open() | 2; }

  uint64_t word() const { return uint64_t{number} << 32 | static_cast<uint64_t>(parts) << 16 | static_cast<uint64_t>(threads); }
  static Job of(uint64_t word) {
    return {static_cast<uint32_t>(word >> 32), static_cast<int64_t>(word >> 16 & 0xffff), static_cast<int64_t>(word & 0xffff)};
  }
};

class Team {
 public:
  // Never destroyed: its threads may still be asleep when the process ends.
  static Team& instance() {
    static Team* const team = new Team();
    return *team;
  }

  void run(int64_t parts, int64_t threads, const PartFunction& body) {
    start_workers(threads - 1);
    const Job job{++number_, parts, threads};
    board_.body = body;
    claim(0).store(job.taken(), std::memory_order_relaxed);  // the calling thread's own first part
    for (int64_t part = 1; part < parts; part++) claim(part).store(job.open(), std::memory_order_relaxed);
    board_.job.store(job.word());
    if (asleep_.load() > 0) {
      const std::lock_guard<std::mutex> lock(sleep_);
      wake_.notify_all();
    }
    finish(job, 0);
    take_parts(job, 0);
    for (int64_t part = 0; part < parts; part++) wait_for(job, part);
  }

  // Held while a job runs.
  std::mutex in_use;

 private:
  void start_workers(int64_t count) {
    for (; workers_ < count; workers_++) {
      try {
        std::thread([this, index = workers_ + 1] { work(index); }).detach();
      } catch (const std::system_error&) {
        return;  // the system has no more threads: those that there are do the work
      }
    }
  }

  void work(int64_t index) {
    runs_part = true;
    for (uint64_t seen = 0;;) {
      seen = next_job(seen);
      const Job job = Job::of(seen);
      if (index < job.threads) take_parts(job, index);
    }
  }

  // The word of another job than `seen`.
  uint64_t next_job(uint64_t seen) {
    const std::optional<uint64_t> word = watch([&]() -> std::optional<uint64_t> {
      const uint64_t now = board_.job.load(std::memory_order_acquire);
      return now == seen ? std::nullopt : std::optional<uint64_t>(now);
    });
    if (word) return *word;
    std::unique_lock<std::mutex> lock(sleep_);
    asleep_.fetch_add(1);
    wake_.wait(lock, [&] { return board_.job.load() != seen; });
    asleep_.fetch_sub(1);
    return board_.job.load(std::memory_order_acquire);
  }

  // The thread's own share from its beginning, then what is left of the others' from their ends.
  void take_parts(const Job& job, int64_t thread) {
    const auto begin = [&](int64_t of) { return job.parts * of / job.threads; };
    for (int64_t part = begin(thread); part < begin(thread + 1); part++) take(job, part);
    for (int64_t step = 1; step < job.threads; step++) {
      const int64_t other = (thread + step) % job.threads;
      for (int64_t part = begin(other + 1) - 1; part >= begin(other); part--) take(job, part);
    }
  }

  // A claim is of one job alone: a thread that comes too late finds another number there. Who has a claim knows that the
  // body on the board is that job's, which does not end before the part is done.
  void take(const Job& job, int64_t part) {
    uint64_t expected = job.open();
    if (claim(part).load(std::memory_order_relaxed) != expected) return;
    if (claim(part).compare_exchange_strong(expected, job.taken(), std::memory_order_acq_rel)) finish(job, part);
  }

  void finish(const Job& job, int64_t part) {
    board_.body(part);
    claim(part).store(job.done());
    if (!leader_sleeps_.load()) return;
    const std::lock_guard<std::mutex> lock(sleep_);
    finished_.notify_one();
  }

  void wait_for(const Job& job, int64_t part) {
    const auto is_done = [&] { return claim(part).load() == job.done(); };
    if (watch([&] { return is_done() ? std::optional<bool>(true) : std::nullopt; })) return;
    std::unique_lock<std::mutex> lock(sleep_);
    leader_sleeps_.store(true);
    finished_.wait(lock, is_done);
    leader_sleeps_.store(false);
  }

  // What `look` finds, if it finds anything soon.
  template <class Look>
  static auto watch(const Look& look) -> decltype(look()) {
    const int64_t looks = looks_of_watch();
    for (int64_t i = 0; i < looks; i++) {
      if (auto found = look()) return found;
      pause();
    }
    return std::nullopt;
  }

  // How often a watching thread looks: for as long as search is away in JavaScript between two steps.
  static int64_t looks_of_watch() {
    constexpr double kMicroseconds = 300;
    static const int64_t looks = [] {
      constexpr int64_t kLooks = 1000;
      const auto start = std::chrono::steady_clock::now();
      for (int64_t i = 0; i < kLooks; i++) pause();
      const std::chrono::duration<double, std::micro> time = std::chrono::steady_clock::now() - start;
      return static_cast<int64_t>(kLooks * kMicroseconds / std::max(time.count(), 1.0));
    }();
    return looks;
  }

  std::atomic<uint64_t>& claim(int64_t part) { return part < kNearClaims ? board_.claims[part] : far_claims_[part - kNearClaims]; }

  // All that a worker has to read of a small job, in one cache line: each line that goes from one processor to another
  // costs as much as a short part.
  static constexpr int64_t kNearClaims = 5;
  struct alignas(kCacheLine) Board {
    std::atomic<uint64_t> job{0};
    PartFunction body;
    std::atomic<uint64_t> claims[kNearClaims] = {};
  };
  static_assert(sizeof(Board) == kCacheLine);

  Board board_;
  alignas(kCacheLine) std::atomic<uint64_t> far_claims_[kMostParts - kNearClaims] = {};
  alignas(kCacheLine) std::atomic<int> asleep_{0};
  std::atomic<bool> leader_sleeps_{false};
  std::mutex sleep_;
  std::condition_variable wake_, finished_;
  uint32_t number_ = 0;
  int64_t workers_ = 0;
};

}  // namespace

int team_threads() { return threads_of_environment; }

void set_team_threads(int64_t threads) {
  if (threads < 1 || threads > kMostThreads) {
    throw std::invalid_argument("threads must be between 1 and " + std::to_string(kMostThreads) + ", not " +
                                std::to_string(threads));
  }
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
