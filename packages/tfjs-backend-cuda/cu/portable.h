// What a kernel may use besides C++17 and CUDA's built-in functions. NVRTC compiles the first part, with instructions
// of sm_80 and later; g++ the second, which emulates them (emulation/cpu-shim.h). No header of CUDA is needed.
//
//   KERNEL(name, (parameters)) { body }   a kernel; parameters: pointers, int, unsigned, float, double, 8-byte integers
//   BOUNDED_KERNEL(threads, blocks, name, (parameters)) { body }
//                                         a kernel with at most this many threads per block. The compiler limits the
//                                         registers of a thread so that this many blocks fit on a multiprocessor
//   DYNAMIC_SHARED(type, name)            the block's dynamic shared memory
//   bf16, to_float, to_bf16               bfloat16 storage; to_bf16 rounds to the nearest, ties to even
//   mma(d, a, b)                          a warp's product d += a · b, 16 x 8 x 16: bfloat16 operands, float32 sums
//   load_matrices(r, row)                 ldmatrix: four 8 x 8 matrices of 16-bit values; lane i names row i % 8 of
//                                         matrix i / 8, 16 bytes, aligned to 16
//   load_matrices_transposed(r, row)      the same, each matrix transposed
//   copy_async(to, from, is_present)      copies 16 bytes to shared memory; writes zeros, and reads nothing, if absent
//   copy_async_word(to, from, is_present) the same for 4 bytes
//   commit_copies(), wait_copies<left>()  ends a group of copies; waits until at most `left` groups are pending
//   pair(low, high), pack(low, high)      two bfloat16, or two float32 rounded to bfloat16, in one word
//   philox(c0, c1, c2, c3, k0, k1)        four random words of a counter and a key (Philox 4x32-10)
#pragma once

#ifdef __CUDACC_RTC__

typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef int int32_t;
typedef unsigned int uint32_t;
typedef long long int64_t;
typedef unsigned long long uint64_t;

#define INFINITY __int_as_float(0x7f800000)
#define NAN __int_as_float(0x7fffffff)
#define KERNEL(name, parameters) extern "C" __global__ void name parameters
#define BOUNDED_KERNEL(threads, blocks, name, parameters) \
  extern "C" __global__ void __launch_bounds__(threads, blocks) name parameters
#define DYNAMIC_SHARED(type, name)                        \
  extern __shared__ __align__(16) char dynamic_shared_[]; \
  type* const name = reinterpret_cast<type*>(dynamic_shared_)

struct bf16 {
  unsigned short bits;
};

__device__ inline float to_float(bf16 x) { return __uint_as_float((unsigned)x.bits << 16); }

__device__ inline bf16 to_bf16(float x) {
  bf16 y;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(y.bits) : "f"(x));
  return y;
}

__device__ inline unsigned shared_address(const void* p) { return (unsigned)__cvta_generic_to_shared(p); }

__device__ inline void mma(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

__device__ inline void load_matrices(unsigned (&r)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(shared_address(row))
               : "memory");
}

__device__ inline void load_matrices_transposed(unsigned (&r)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(shared_address(row))
               : "memory");
}

__device__ inline void copy_async(void* to, const void* from, bool is_present) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(to)), "l"(from),
               "r"(is_present ? 16 : 0)
               : "memory");
}

__device__ inline void copy_async_word(void* to, const void* from, bool is_present) {
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(shared_address(to)), "l"(from),
               "r"(is_present ? 4 : 0)
               : "memory");
}

__device__ inline void commit_copies() { asm volatile("cp.async.commit_group;" ::: "memory"); }

template <int LEFT>
__device__ inline void wait_copies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(LEFT) : "memory");
}

__device__ inline unsigned pair(bf16 low, bf16 high) { return (unsigned)low.bits | (unsigned)high.bits << 16; }

__device__ inline unsigned pack(float low, float high) {
  unsigned word;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(word) : "f"(high), "f"(low));
  return word;
}

#else
#include "cpu-shim.h"
#define BOUNDED_KERNEL(threads, blocks, name, parameters) KERNEL(name, parameters)
inline float sinpif(float x) { return static_cast<float>(std::sin(3.141592653589793 * x)); }
inline float cospif(float x) { return static_cast<float>(std::cos(3.141592653589793 * x)); }
#endif

struct RandomWords {
  unsigned words[4];
};

// Salmon et al., Parallel random numbers: as easy as 1, 2, 3 (2011).
__device__ inline RandomWords philox(unsigned c0, unsigned c1, unsigned c2, unsigned c3, unsigned k0, unsigned k1) {
  for (int round = 0; round < 10; ++round) {
    const unsigned high0 = __umulhi(0xd2511f53u, c0), low0 = 0xd2511f53u * c0;
    const unsigned high1 = __umulhi(0xcd9e8d57u, c2), low1 = 0xcd9e8d57u * c2;
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 += 0x9e3779b9u;
    k1 += 0xbb67ae85u;
  }
  return {{c0, c1, c2, c3}};
}
