#include "instructions.h"

#include <dnnl.hpp>

#if defined(__x86_64__) && defined(__clang__)
#include <cpuid.h>
#endif

namespace onednn_backend {

namespace {

// The bits of an instruction set include those of the sets that it contains.
[[maybe_unused]] bool is_allowed(dnnl::cpu_isa isa) {
  const auto bits = static_cast<unsigned>(isa);
  const auto allowed = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
  return allowed == static_cast<unsigned>(dnnl::cpu_isa::all) || (allowed & bits) == bits;
}

#if defined(__x86_64__) && defined(__clang__)
// clang 14 supports neither the levels nor amx-bf16 here. Every processor that has these sets has the rest of the
// level.
bool supports_v3() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
}
bool supports_v4() {
  return supports_v3() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
// CPUID leaf 7, EDX bit 22.
bool supports_amx() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (d >> 22 & 1) != 0;
}
#elif defined(__x86_64__)
bool supports_v3() { return __builtin_cpu_supports("x86-64-v3"); }
bool supports_v4() { return __builtin_cpu_supports("x86-64-v4"); }
bool supports_amx() { return __builtin_cpu_supports("amx-bf16"); }
#endif

}  // namespace

#if defined(__x86_64__)
bool has_x86_64_v3() { return supports_v3() && is_allowed(dnnl::cpu_isa::avx2); }
bool has_x86_64_v4() { return supports_v4() && is_allowed(dnnl::cpu_isa::avx512_core); }
bool has_vnni() { return __builtin_cpu_supports("avx512vnni") && is_allowed(dnnl::cpu_isa::avx512_core_vnni); }
bool has_bfloat16() { return __builtin_cpu_supports("avx512bf16") && is_allowed(dnnl::cpu_isa::avx512_core_bf16); }
bool has_amx() { return supports_amx() && is_allowed(dnnl::cpu_isa::avx512_core_amx); }
#else
bool has_x86_64_v3() { return false; }
bool has_x86_64_v4() { return false; }
bool has_vnni() { return false; }
bool has_bfloat16() { return false; }
bool has_amx() { return false; }
#endif

}  // namespace onednn_backend
