#pragma once

#include <cstddef>

#include "inline.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

// Tells AddressSanitizer what it cannot see: memory that is handed out in pieces, and masked reads and writes. These
// functions do nothing in other builds (scripts/test-sanitized.sh).
namespace onednn_backend {

// Makes every later access to these bytes an error.
INLINE void forbid([[maybe_unused]] void* memory, [[maybe_unused]] std::size_t bytes) {
#if defined(__SANITIZE_ADDRESS__)
  __asan_poison_memory_region(memory, bytes);
#endif
}

INLINE void permit([[maybe_unused]] void* memory, [[maybe_unused]] std::size_t bytes) {
#if defined(__SANITIZE_ADDRESS__)
  __asan_unpoison_memory_region(memory, bytes);
#endif
}

// Reports an error if access to these bytes is forbidden.
INLINE void touch([[maybe_unused]] const void* memory, [[maybe_unused]] std::size_t bytes) {
#if defined(__SANITIZE_ADDRESS__)
  const void* fault = bytes == 0 ? nullptr : __asan_region_is_poisoned(const_cast<void*>(memory), bytes);
  if (fault != nullptr) static_cast<void>(*static_cast<const volatile char*>(fault));
#endif
}

}  // namespace onednn_backend
