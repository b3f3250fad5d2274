#pragma once

// For functions that are only fast when a loop around them becomes vector code.
#define INLINE inline __attribute__((always_inline))
