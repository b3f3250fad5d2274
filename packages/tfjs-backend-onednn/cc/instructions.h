#pragma once

// Which instructions kernels may use: those of the processor, but for what ONEDNN_MAX_CPU_ISA keeps oneDNN from too. So
// one variable makes this processor an older one, for tests. What a build is compiled for it uses without asking.
namespace onednn_backend {

bool has_x86_64_v3();  // AVX2
bool has_x86_64_v4();  // AVX-512
bool has_vnni();       // products of int8, with AVX-512
bool has_bfloat16();   // products of bfloat16, with AVX-512
bool has_amx();

}  // namespace onednn_backend
