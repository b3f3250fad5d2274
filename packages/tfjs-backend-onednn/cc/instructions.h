#pragma once

// The instructions that kernels may use: those of the processor within the limit that ONEDNN_MAX_CPU_ISA sets for
// oneDNN. Tests use the variable to emulate an older processor. Instructions that a build is compiled for are used
// unconditionally.
namespace onednn_backend {

bool has_x86_64_v3();  // AVX2
bool has_x86_64_v4();  // AVX-512
bool has_vnni();       // products of int8, with AVX-512
bool has_bfloat16();   // products of bfloat16, with AVX-512
bool has_amx();

}  // namespace onednn_backend
