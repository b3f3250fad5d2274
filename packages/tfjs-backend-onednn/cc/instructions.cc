#include "instructions.h"

#include <dnnl.hpp>

namespace onednn_backend {

namespace {

// A set of instructions has the bits of those that it includes.
[[maybe_unused]] bool is_allowed(dnnl::cpu_isa isa) {
  const auto bits = static_cast<unsigned>(isa);
  const auto allowed = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
  return allowed == static_cast<unsigned>(dnnl::cpu_isa::all) || (allowed & bits) == bits;
}

}  // namespace

#if defined(__x86_64__)
bool has_x86_64_v3() { return __builtin_cpu_supports("x86-64-v3") && is_allowed(dnnl::cpu_isa::avx2); }
bool has_x86_64_v4() { return __builtin_cpu_supports("x86-64-v4") && is_allowed(dnnl::cpu_isa::avx512_core); }
bool has_vnni() { return __builtin_cpu_supports("avx512vnni") && is_allowed(dnnl::cpu_isa::avx512_core_vnni); }
bool has_bfloat16() { return __builtin_cpu_supports("avx512bf16") && is_allowed(dnnl::cpu_isa::avx512_core_bf16); }
bool has_amx() { return __builtin_cpu_supports("amx-bf16") && is_allowed(dnnl::cpu_isa::avx512_core_amx); }
#else
bool has_x86_64_v3() { return false; }
bool has_x86_64_v4() { return false; }
bool has_vnni() { return false; }
bool has_bfloat16() { return false; }
bool has_amx() { return false; }
#endif

}  // namespace onednn_backend
