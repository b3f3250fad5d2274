#include "storage.h"

#include <cstdlib>
#include <new>
#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "guard.h"
#include "rounding.h"

namespace onednn_backend {

namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kHugePage = std::size_t{2} << 20;


}  // namespace

void* allocate_block(std::size_t bytes) {
  const std::size_t alignment = bytes >= kHugePage ? kHugePage : kAlignment;
  const std::size_t size = round_up(bytes, alignment == kHugePage ? std::size_t{4096} : kAlignment);
  void* block = nullptr;
  if (posix_memalign(&block, alignment, size) != 0) throw std::bad_alloc();
#if defined(__linux__)
  if (alignment == kHugePage) madvise(block, size, MADV_HUGEPAGE);
#endif
  forbid(static_cast<char*>(block) + bytes, size - bytes);
  return block;
}

void free_block(void* block) noexcept { std::free(block); }

float* thread_scratch(std::size_t elements) {
  static thread_local Buffer scratch;
  return static_cast<float*>(scratch.reserve(elements * sizeof(float)));
}

void* Buffer::reserve(std::size_t bytes) {
  if (bytes_ < bytes) {
    free_block(block_);
    block_ = nullptr;
    bytes_ = 0;
    block_ = allocate_block(bytes);
    bytes_ = bytes;
  }
  permit(block_, bytes);
  forbid(static_cast<char*>(block_) + bytes, bytes_ - bytes);
  return block_;
}

}  // namespace onednn_backend
