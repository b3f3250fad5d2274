#pragma once

#include <cstddef>
#include <utility>

namespace onednn_backend {

// Allocates uninitialised memory, aligned to 64 bytes; large blocks use huge pages. Throws std::bad_alloc.
void* allocate_block(std::size_t bytes);
void free_block(void* block) noexcept;

// Returns scratch memory of the calling thread, 64-byte aligned and uninitialised. It is kept between calls. A kernel
// requests all it needs at once; the next request invalidates it.
float* thread_scratch(std::size_t elements);

// Memory that grows on demand and is kept, for results that outlive a call of thread_scratch.
class Buffer {
 public:
  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  Buffer(Buffer&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  ~Buffer() { free_block(block_); }

  // Reserves at least this many bytes, 64-byte aligned. The contents are lost if the buffer grows.
  void* reserve(std::size_t bytes);
  void* data() const { return block_; }
  std::size_t bytes() const { return bytes_; }

 private:
  void* block_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace onednn_backend
