// Tests the team of cc/team.h alone, also under ThreadSanitizer (scripts/test-sanitized.sh): jobs of every size from
// several threads at once, as from several Node environments, with changing numbers of threads, nested jobs,
// exceptions, and pauses in which the team falls asleep. Prints the first failure and exits with status 1.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <thread>
#include <vector>

#include "../../cc/parallel.h"

using namespace onednn_backend;

namespace {

void expect(bool condition, const char* what) {
  if (condition) return;
  std::printf("failed: %s\n", what);
  std::exit(1);
}

// Every index is visited once.
void covers(int64_t count, int64_t grain) {
  std::vector<int> times(count, 0);
  parallel_ranges(count, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) times[i]++;
  });
  parallel_tasks(count, [&](int64_t i) { times[i]++; });
  for (const int time : times) expect(time == 2, "each index is in one part");
}

// A job reads what the previous one has written.
void passes_results(int64_t count) {
  std::vector<int64_t> values(count, 0);
  for (int round = 0; round < 20; round++) {
    std::vector<int64_t> next(count);
    parallel_ranges(count, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) next[i] = values[(i * 7 + 1) % count] + 1;
    });
    values.swap(next);
  }
  for (const int64_t value : values) expect(value == 20, "a job reads what the previous job has written");
}

void nests() {
  std::vector<int> times(64, 0);
  parallel_tasks(8, [&](int64_t outer) {
    expect(computes_alone(), "a part runs on one thread");
    parallel_ranges(8, 1, [&](int64_t begin, int64_t end) {
      for (int64_t inner = begin; inner < end; inner++) times[outer * 8 + inner]++;
    });
  });
  for (const int time : times) expect(time == 1, "each index of a nested job is in one part");
}

void throws() {
  bool caught = false;
  try {
    parallel_tasks(32, [](int64_t index) {
      if (index % 5 == 3) throw std::runtime_error("a part failed");
    });
  } catch (const std::runtime_error&) {
    caught = true;
  }
  expect(caught, "an exception of a part reaches the thread that started the job");
}

void environment(int seed) {
  for (int round = 0; round < 300; round++) {
    set_team_threads(1 + (seed + round) % 5);
    for (const int64_t count : {0, 1, 2, 3, 7, 40, 1000}) covers(count, 1 + round % 3);
    passes_results(1 + (seed * 13 + round) % 97);
    nests();
    throws();
    if (round % 10 == 9) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

void refuses(int64_t threads) {
  bool caught = false;
  try {
    set_team_threads(threads);
  } catch (const std::invalid_argument&) {
    caught = true;
  }
  expect(caught, "an invalid number of threads is refused");
}

}  // namespace

int main() {
  for (const int64_t threads : {int64_t{0}, int64_t{-1}, int64_t{kMostThreads} + 1}) refuses(threads);
  environment(0);
  std::vector<std::thread> environments;
  for (int seed = 1; seed <= 3; seed++) environments.emplace_back(environment, seed);
  for (std::thread& thread : environments) thread.join();
  std::puts("the team passes");
}
