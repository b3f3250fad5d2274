#pragma once

#include <cstddef>
#include <utility>

namespace onednn_backend {

// Uninitialised memory at a multiple of 64 bytes; large blocks ask the system for huge pages. Throws std::bad_alloc.
void* allocate_block(std::size_t bytes);
void free_block(void* block) noexcept;

// Scratch memory of the calling thread, kept between calls: a kernel asks for its whole need at once, and what it got
// is good until it asks again. 64-byte aligned, uninitialised.
float* thread_scratch(std::size_t elements);

// Memory that grows with what is asked of it and is kept: for results that outlive a call of thread_scratch.
class Buffer {
 public:
  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  Buffer(Buffer&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  ~Buffer() { free_block(block_); }

  // At least so many bytes, 64-byte aligned; what they held is gone when the buffer has to grow.
  void* reserve(std::size_t bytes);
  void* data() const { return block_; }
  std::size_t bytes() const { return bytes_; }

 private:
  void* block_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace onednn_backend
