#include "storage.h"

#include <cstdint>
#include <cstdlib>
#include <new>
#if defined(__linux__)
#include <sys/mman.h>
#include <unistd.h>

#include <mutex>
#include <unordered_map>
#endif

#include "guard.h"
#include "rounding.h"

namespace onednn_backend {

namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kHugePage = std::size_t{2} << 20;

// Blocks of at least this size are mapped individually.
constexpr std::size_t kMapped = std::size_t{128} << 10;

#if defined(__linux__)
std::size_t page_size() {
  static const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

// The system gets a mapping back when it is freed. glibc's heap does not return freed blocks of up to 32 MiB, and grows
// with every search because the blocks of searches have many sizes.
class Mappings {
 public:
  void* map(std::size_t bytes) {
    const std::size_t alignment = bytes >= kHugePage ? kHugePage : page_size();
    const std::size_t size = round_up(bytes, page_size()), spare = alignment - page_size();
    void* mapped = mmap(nullptr, size + spare, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) throw std::bad_alloc();
    const auto start = reinterpret_cast<std::uintptr_t>(mapped), aligned = round_up(start, alignment);
    const std::size_t before = aligned - start, after = spare - before;
    if (before > 0) munmap(mapped, before);
    if (after > 0) munmap(reinterpret_cast<void*>(aligned + size), after);
    void* block = reinterpret_cast<void*>(aligned);
    if (alignment == kHugePage) madvise(block, size, MADV_HUGEPAGE);
    try {
      const std::lock_guard<std::mutex> lock(mutex_);
      sizes_[block] = size;
    } catch (...) {
      munmap(block, size);
      throw;
    }
    forbid(static_cast<char*>(block) + bytes, size - bytes);
    return block;
  }

  // Returns false for a block that is not mapped.
  bool unmap(void* block) noexcept {
    if (reinterpret_cast<std::uintptr_t>(block) % page_size() != 0) return false;
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = sizes_.find(block);
    if (found == sizes_.end()) return false;
    permit(block, found->second);
    munmap(block, found->second);
    sizes_.erase(found);
    return true;
  }

 private:
  std::mutex mutex_;
  std::unordered_map<void*, std::size_t> sizes_;
};

// Never destroyed: other threads free blocks until the process ends.
Mappings& mappings() {
  static Mappings& all = *new Mappings;
  return all;
}
#endif

}  // namespace

void* allocate_block(std::size_t bytes) {
#if defined(__linux__)
  if (bytes >= kMapped) return mappings().map(bytes);
#endif
  const std::size_t size = round_up(bytes, kAlignment);
  void* block = nullptr;
  if (posix_memalign(&block, kAlignment, size) != 0) throw std::bad_alloc();
  forbid(static_cast<char*>(block) + bytes, size - bytes);
  return block;
}

void free_block(void* block) noexcept {
#if defined(__linux__)
  if (block != nullptr && mappings().unmap(block)) return;
#endif
  std::free(block);
}

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
