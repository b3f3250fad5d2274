// The most likely classes of each row of logits. A block computes a row, which it reads several times: a chunk of rows
// stays in the level-2 cache.
// no spills
#include "rows.h"
#include "vectors.h"

namespace {

constexpr int kThreads = 256;

struct Largest {
  __device__ static uint64_t start() { return 0; }
  __device__ static uint64_t combine(uint64_t a, uint64_t b) { return a > b ? a : b; }
};

// Orders values with their classes: a larger value has a larger key; of equal values the lower class; NaN is above all
// numbers, so that it is visible. 0 is below all keys.
__device__ inline uint64_t key_of(float value, int index) {
  if (value != value) return uint64_t{0xffffffffu} << 32 | static_cast<unsigned>(index);
  const unsigned bits = __float_as_uint(value + 0.0f);  // −0 becomes 0
  const unsigned ordered = bits >> 31 ? ~bits : bits | 0x80000000u;
  return static_cast<uint64_t>(ordered) << 32 | ~static_cast<unsigned>(index);
}

__device__ inline bool is_nan_key(uint64_t key) { return key >> 32 == 0xffffffffu; }

__device__ inline float value_of(uint64_t key) {
  if (is_nan_key(key)) return NAN;
  const unsigned ordered = static_cast<unsigned>(key >> 32);
  return __uint_as_float(ordered >> 31 ? ordered & 0x7fffffffu : ~ordered);
}

__device__ inline int class_of(uint64_t key) {
  const unsigned low = static_cast<unsigned>(key);
  return static_cast<int>(is_nan_key(key) ? low : ~low);
}

struct Row {
  const float *logits, *penalties;  // penalties [classes], or null
  int classes;
  float temperature;
  bool aligned;

  __device__ float scaled(float logit) const { return temperature == 1.0f ? logit : logit / temperature; }

  // Calls work(class, scaled logit) for the groups of 4 classes that a thread of the block has: from group `first` on, in
  // steps of `step`.
  template <class Work>
  __device__ void for_classes(int thread, int first, int step, const Work& work) const {
    for (int group = first;; group += step) {
      const int at = (group * kThreads + thread) * 4, count = classes - at;
      if (count <= 0) return;
      const float4 four = load4(logits + at, count, aligned);
      work(at, scaled(four.x));
      if (count > 1) work(at + 1, scaled(four.y));
      if (count > 2) work(at + 2, scaled(four.z));
      if (count > 3) work(at + 3, scaled(four.w));
    }
  }
  template <class Work>
  __device__ void for_own_classes(const Work& work) const {
    for_classes(threadIdx.x, 0, 1, work);
  }
};

// log p = (z − top) − log Σ exp(z − top), plus the penalty of the class.
struct Scores {
  const Row& row;
  float top, log_sum;

  __device__ explicit Scores(const Row& row) : row(row) {
    uint64_t largest = 0;
    row.for_own_classes([&](int at, float z) {
      if (z == z) largest = Largest::combine(largest, key_of(z, at));
    });
    largest = block_reduce<Largest>(largest);
    const int first = largest == 0 ? -1 : class_of(largest);
    top = largest == 0 ? -INFINITY : value_of(largest);  // 0: NaN everywhere
    // Without the term of the top class, 1, which is added last: so a nearly certain class keeps its digits.
    float others = 0;
    row.for_own_classes([&](int at, float z) { others += at == first ? 0.0f : expf(z - top); });
    log_sum = log1pf(block_reduce<Sum>(others));
  }

  // The largest key below a bound of the classes that a thread has, see for_classes.
  __device__ uint64_t best_below(uint64_t bound, int thread, int first, int step) const {
    uint64_t best = 0;
    row.for_classes(thread, first, step, [&](int at, float z) {
      const float log_p = (z - top) - log_sum;
      const uint64_t key = key_of(row.penalties == nullptr ? log_p : log_p + row.penalties[at], at);
      if (key < bound && key > best) best = key;
    });
    return best;
  }
};

}  // namespace

// table [rows, 2 · width]: log p plus penalty, best first, equal ones in ascending order of classes; then the classes.
// Temperature divides the logits [rows, classes]; penalties [classes], or null. width: 1 to classes. Grid: [rows].
BOUNDED_KERNEL(kThreads, 4, vocabulary_top,
               (const float* logits, const float* penalties, float* table, int classes, int width,
                float temperature)) {
  const Row row{logits + static_cast<size_t>(blockIdx.x) * classes, penalties, classes, temperature,
                are_aligned(classes, logits)};
  const Scores scores(row);
  float* const values = table + static_cast<size_t>(blockIdx.x) * 2 * width;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  uint64_t best = scores.best_below(~uint64_t{0}, threadIdx.x, 0, 1);  // of this thread's classes that are not taken
  for (int place = 0; place < width; ++place) {
    const uint64_t taken = block_reduce<Largest>(best);
    const unsigned owners = __ballot_sync(0xffffffffu, best == taken);
    if (owners == 0) continue;
    // The warp of the thread that had it finds that thread's next best together.
    const int owner = __ffs(owners) - 1;
    const uint64_t next = warp_reduce<Largest>(scores.best_below(taken, warp * 32 + owner, lane, 32));
    if (lane != owner) continue;
    best = next;
    values[place] = value_of(taken);
    values[width + place] = static_cast<float>(class_of(taken));
  }
}
