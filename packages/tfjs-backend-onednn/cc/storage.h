#pragma once

#include <cstddef>

namespace onednn_backend {

// Uninitialised memory at a multiple of 64 bytes; large blocks ask the system for huge pages. Throws std::bad_alloc.
void* allocate_block(std::size_t bytes);
void free_block(void* block) noexcept;

// Scratch memory of the calling thread, kept between calls: a kernel asks for its whole need at once, and what it got is
// good until it asks again. 64-byte aligned, uninitialised.
float* thread_scratch(std::size_t elements);

}  // namespace onednn_backend
