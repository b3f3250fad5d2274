// What a kernel needs beyond plain C++, for two compilers: NVRTC makes a cubin, and g++ makes the same kernel for the
// processor (tests). A kernel is
//   KERNEL(scale, (float* x, int size, float factor)) { ... }
// and includes no other header of CUDA or of the standard library.
#pragma once

#ifdef __CUDACC_RTC__

#include <cuda_bf16.h>

typedef __nv_bfloat16 bf16;

#define INFINITY __int_as_float(0x7f800000)
#define NAN __int_as_float(0x7fc00000)
#define KERNEL(name, parameters) extern "C" __global__ void name parameters
// Blocks have `threads` threads, and `blocks` of them fit on a multiprocessor: limits the registers of a thread.
#define BOUNDED_KERNEL(threads, blocks, name, parameters) \
  extern "C" __global__ void __launch_bounds__(threads, blocks) name parameters
#define DYNAMIC_SHARED(type, name) extern __shared__ __align__(16) type name[]

__device__ inline bf16 to_bf16(float x) { return __float2bfloat16_rn(x); }
__device__ inline float to_float(bf16 x) { return __bfloat162float(x); }

__device__ inline unsigned shared_address(const void* pointer) {
  return static_cast<unsigned>(__cvta_generic_to_shared(pointer));
}

// d += a · b by a warp: a [16, 16] and b [16, 8] in bfloat16, d [16, 8] in float32 (PTX: mma.m16n8k16).
__device__ inline void mma(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

// Loads four 8 x 8 matrices of 16-bit elements. Lane i gives the address of row i % 8 of matrix i / 8, and gets elements
// [i / 4][2 · (i % 4)] and the next one of every matrix.
__device__ inline void load_matrices(unsigned (&to)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(shared_address(row))
               : "memory");
}

// The same, but lane i gets elements [2 · (i % 4)][i / 4] and [2 · (i % 4) + 1][i / 4] of every matrix.
__device__ inline void load_matrices_transposed(unsigned (&to)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(shared_address(row))
               : "memory");
}

// Starts to copy 16 bytes from global to shared memory. Only the first `bytes` are read; the others become 0.
__device__ inline void copy_async(void* to, const void* from, int bytes) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(to)), "l"(from), "r"(bytes)
               : "memory");
}

// Ends a group of copies.
__device__ inline void commit_copies() { asm volatile("cp.async.commit_group;" ::: "memory"); }

// Waits until all groups of this thread except the last `kLeft` are copied. Other threads need a barrier in addition.
template <int kLeft>
__device__ inline void wait_copies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kLeft) : "memory");
}

// Two bfloat16 numbers in a word, the first in the low half.
__device__ inline unsigned pack(float low, float high) {
  unsigned word;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(word) : "f"(high), "f"(low));
  return word;
}
__device__ inline unsigned pair(bf16 low, bf16 high) {
  return static_cast<unsigned>(__bfloat16_as_ushort(low)) | static_cast<unsigned>(__bfloat16_as_ushort(high)) << 16;
}

#else

#include "cpu_shim.h"

#ifndef __align__
#define __align__(bytes) __attribute__((aligned(bytes)))
#endif

#define BOUNDED_KERNEL(threads, blocks, name, parameters) KERNEL(name, parameters)

using std::max;
using std::min;

struct alignas(16) float4 {
  float x, y, z, w;
};
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }

inline unsigned __umulhi(unsigned a, unsigned b) { return static_cast<unsigned>(uint64_t{a} * b >> 32); }

inline unsigned pair(bf16 low, bf16 high) { return low.bits | unsigned{high.bits} << 16; }
inline unsigned pack(float low, float high) { return pair(to_bf16(low), to_bf16(high)); }

namespace emulated {

constexpr unsigned kLanes = 32, kWarps = 32, kThreads = kLanes * kWarps;

inline unsigned thread() { return cpu_shim::block.current; }
inline unsigned lane() { return thread() % kLanes; }
inline unsigned warp() { return thread() / kLanes; }

inline float half(unsigned word, int high) { return to_float(bf16{static_cast<uint16_t>(word >> 16 * high)}); }

// A copy takes place when it is waited for, not before: a kernel that reads too early reads what was there.
struct Copy {
  void* to;
  const void* from;
  int bytes, group;
};
inline std::vector<Copy> copies[kThreads];
inline int group[kThreads];

// The addresses that the lanes of each warp gave to load_matrices.
inline const void* matrix_rows[kWarps][kLanes];

}  // namespace emulated

inline void mma(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  using namespace emulated;
  static unsigned all_a[kWarps][kLanes][4], all_b[kWarps][kLanes][2];
  std::memcpy(all_a[warp()][lane()], a, sizeof a);
  std::memcpy(all_b[warp()][lane()], b, sizeof b);
  __syncwarp();
  for (int i = 0; i < 4; ++i) {
    const int row = lane() / 4 + i / 2 * 8, column = lane() % 4 * 2 + i % 2;
    for (int k = 0; k < 16; ++k) {
      const float x = half(all_a[warp()][row % 8 * 4 + k % 8 / 2][row / 8 + k / 8 * 2], k % 2);
      d[i] += x * half(all_b[warp()][column * 4 + k % 8 / 2][k / 8], k % 2);
    }
  }
  __syncwarp();
}

inline void load_matrices(unsigned (&to)[4], const void* row) {
  using namespace emulated;
  matrix_rows[warp()][lane()] = row;
  __syncwarp();
  for (int i = 0; i < 4; ++i) {
    to[i] = static_cast<const unsigned*>(matrix_rows[warp()][i * 8 + lane() / 4])[lane() % 4];
  }
  __syncwarp();
}

inline void load_matrices_transposed(unsigned (&to)[4], const void* row) {
  using namespace emulated;
  matrix_rows[warp()][lane()] = row;
  __syncwarp();
  for (int i = 0; i < 4; ++i) {
    const void** rows = &matrix_rows[warp()][i * 8 + lane() % 4 * 2];
    to[i] = pair(static_cast<const bf16*>(rows[0])[lane() / 4], static_cast<const bf16*>(rows[1])[lane() / 4]);
  }
  __syncwarp();
}

inline void copy_async(void* to, const void* from, int bytes) {
  using namespace emulated;
  copies[thread()].push_back({to, from, bytes, group[thread()]});
}

inline void commit_copies() { ++emulated::group[emulated::thread()]; }

template <int kLeft>
void wait_copies() {
  using namespace emulated;
  auto& started = copies[thread()];
  const auto is_due = [](const Copy& copy) { return copy.group < group[thread()] - kLeft; };
  for (const Copy& copy : started) {
    if (!is_due(copy)) continue;
    std::memset(copy.to, 0, 16);
    std::memcpy(copy.to, copy.from, copy.bytes);
  }
  started.erase(std::remove_if(started.begin(), started.end(), is_due), started.end());
}

#endif
