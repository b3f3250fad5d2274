// The instructions of cu/portable.h on the processor: mma.sync, ldmatrix and cp.async, by the PTX manual's layouts.
// cpu-shim.h includes this.
#pragma once

namespace emulation {

// A copy is done when a thread waits for it, not before: a read that comes too early finds what was there.
struct PendingCopy {
  void* to;
  const void* from;
  int bytes;
  bool is_present;
  int group;
};

struct PendingCopies {
  std::vector<PendingCopy> copies;
  int group = 0;
};

struct WarpOperands {
  unsigned a[kWarp][4], b[kWarp][2];
  const void* rows[kWarp];
};

inline std::vector<PendingCopies> pending_copies;  // by thread
inline std::vector<WarpOperands> operands[2];      // by warp, in turn

// Where the lanes of this warp put what they exchange next.
inline WarpOperands& operands_of_warp() { return operands[turn()][warp_id()]; }

inline void start_tensor_cores() {
  pending_copies.resize(kMostThreads);
  for (auto& half : operands) half.resize(kMostThreads / kWarp);
  for (unsigned i = 0; i < block.threads; ++i) {
    pending_copies[i].copies.clear();
    pending_copies[i].group = 0;
  }
}

// Sets Block::at_start when the module is loaded.
inline const bool has_tensor_cores = (block.at_start = start_tensor_cores, true);

inline void check_alignment(const void* address, int bytes) {
  if (reinterpret_cast<std::uintptr_t>(address) % static_cast<unsigned>(bytes) != 0) {
    fail("the address of a vector copy is not aligned");
  }
}

}  // namespace emulation

struct bf16 {
  unsigned short bits;
};

inline float to_float(bf16 x) { return __uint_as_float(static_cast<unsigned>(x.bits) << 16); }

inline bf16 to_bf16(float x) {
  const unsigned word = __float_as_uint(x);
  // To the nearest, ties to even; one bit pattern for every NaN.
  return {static_cast<unsigned short>(x != x ? 0x7fff : (word + 0x7fff + (word >> 16 & 1)) >> 16)};
}

inline void load_matrices(unsigned (&r)[4], const void* row) {
  emulation::check_alignment(row, 16);
  auto& rows = emulation::operands_of_warp().rows;
  const unsigned lane = emulation::lane_id();
  rows[lane] = row;
  __syncwarp();
  for (int i = 0; i < 4; ++i) r[i] = static_cast<const unsigned*>(rows[i * 8 + lane / 4])[lane % 4];
  __syncwarp();  // all lanes read before one of them continues and writes there
}

// Lane l reads elements [2 · (l % 4), 2 · (l % 4) + 1] of column l / 4 of matrix i: row-major rows, transposed.
inline void load_matrices_transposed(unsigned (&r)[4], const void* row) {
  emulation::check_alignment(row, 16);
  auto& rows = emulation::operands_of_warp().rows;
  const unsigned lane = emulation::lane_id();
  rows[lane] = row;
  __syncwarp();
  const auto element = [&](int matrix, unsigned matrix_row, unsigned column) {
    return static_cast<unsigned>(static_cast<const unsigned short*>(rows[matrix * 8 + matrix_row])[column]);
  };
  for (int i = 0; i < 4; ++i) {
    r[i] = element(i, lane % 4 * 2, lane / 4) | element(i, lane % 4 * 2 + 1, lane / 4) << 16;
  }
  __syncwarp();
}

inline void add_pending_copy(void* to, const void* from, int bytes, bool is_present) {
  emulation::check_alignment(to, bytes);
  emulation::check_alignment(from, bytes);  // also where it is not read: PTX does not except it
  auto& pending = emulation::pending_copies[emulation::thread_id()];
  pending.copies.push_back({to, from, bytes, is_present, pending.group});
}

inline void copy_async(void* to, const void* from, bool is_present) { add_pending_copy(to, from, 16, is_present); }
inline void copy_async_word(void* to, const void* from, bool is_present) { add_pending_copy(to, from, 4, is_present); }
inline void commit_copies() { ++emulation::pending_copies[emulation::thread_id()].group; }

template <int LEFT>
void wait_copies() {
  auto& [copies, group] = emulation::pending_copies[emulation::thread_id()];
  std::size_t kept = 0;
  for (const emulation::PendingCopy& copy : copies) {
    if (copy.group >= group - LEFT) {
      copies[kept++] = copy;
    } else if (copy.is_present) {
      std::memcpy(copy.to, copy.from, static_cast<std::size_t>(copy.bytes));
    } else {
      std::memset(copy.to, 0, static_cast<std::size_t>(copy.bytes));
    }
  }
  copies.resize(kept);
}

inline unsigned pair(bf16 low, bf16 high) { return low.bits | static_cast<unsigned>(high.bits) << 16; }
inline unsigned pack(float low, float high) { return pair(to_bf16(low), to_bf16(high)); }

inline void mma(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  auto& all = emulation::operands_of_warp();
  const unsigned lane = emulation::lane_id();
  std::memcpy(all.a[lane], a, sizeof(a));
  std::memcpy(all.b[lane], b, sizeof(b));
  __syncwarp();
  const auto half = [](unsigned word, int high) {
    return to_float(bf16{static_cast<unsigned short>(word >> 16 * high)});
  };
  for (int i = 0; i < 4; ++i) {
    const int row = static_cast<int>(lane) / 4 + i / 2 * 8, column = static_cast<int>(lane) % 4 * 2 + i % 2;
    for (int k = 0; k < 16; ++k) {
      const float x = half(all.a[row % 8 * 4 + k % 8 / 2][row / 8 + k / 8 * 2], k % 2);
      d[i] += x * half(all.b[column * 4 + k % 8 / 2][k / 8], k % 2);
    }
  }
}
