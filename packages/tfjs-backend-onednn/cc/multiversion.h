#pragma once

// A function marked MULTIVERSION is compiled for several instruction sets and the best one is picked when the add-on is
// loaded. What it calls must be INLINE to be compiled with it; OpenMP regions must stay outside, since the compiler moves
// them to functions of their own, which would be compiled for the baseline only.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define MULTIVERSION __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define MULTIVERSION
#endif

#define INLINE inline __attribute__((always_inline))
