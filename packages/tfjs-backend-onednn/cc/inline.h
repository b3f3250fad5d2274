#pragma once

// For functions that are fast only if the surrounding loop is vectorised.
#define INLINE inline __attribute__((always_inline))
