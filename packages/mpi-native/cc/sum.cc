#include "sum.h"

#include <algorithm>
#include <vector>

#include "slices.h"

namespace mpi_addon {
namespace {

/** Blocks of each rank that may be on their way. */
constexpr std::size_t kSlots = 4;
/** All blocks together at most, unless there are very many ranks; and what one block has at least and at most. */
constexpr std::size_t kMostStaging = 16 << 20, kLeastBlock = 64 << 10, kMostBlock = 512 << 10;

/** sum[i] = left[i] + right[i]; `sum` may be one of them */
void Add(float* sum, const float* left, const float* right, std::size_t length) {
#pragma GCC ivdep
  for (std::size_t i = 0; i < length; i++) sum[i] = left[i] + right[i];
}

}  // namespace

std::size_t BlockSum::BlockBytes(int size) {
  const std::size_t others = std::max(size - 1, 1);
  return std::clamp(kMostStaging / (kSlots * others) / 64 * 64, kLeastBlock, kMostBlock);
}

BlockSum::BlockSum(int rank, int size, std::size_t block_bytes)
    : rank_(rank), size_(size), block_bytes_(block_bytes / sizeof(float) * sizeof(float)) {}

std::size_t BlockSum::staging_bytes() const { return kSlots * (size_ - 1) * block_bytes_; }

void BlockSum::Run(float* values, std::size_t length, char* staging, Exchange& exchange, int tag) const {
  const Slice own = SliceOf(length, rank_, size_);
  const std::size_t others = size_ - 1, block_length = block_bytes_ / sizeof(float);
  std::vector<Stream> streams;
  // First the streams to this rank, in rank order: slot s of stream p is at (s · others + p) blocks.
  for (int peer = 0; peer < size_; peer++) {
    if (peer == rank_) continue;
    char* place = staging + streams.size() * block_bytes_;
    streams.push_back({Stream::Direction::kReceive, peer, tag, place, own.length() * sizeof(float), block_bytes_,
                       kSlots, others * block_bytes_, kSlots});
  }
  for (int peer = 0; peer < size_; peer++) {
    if (peer == rank_) continue;
    const Slice theirs = SliceOf(length, peer, size_);
    char* place = reinterpret_cast<char*>(values + theirs.from);
    streams.push_back({Stream::Direction::kSend, peer, tag, place, theirs.length() * sizeof(float), block_bytes_});
  }
  std::size_t arrived[kSlots] = {};  // messages of each block in the ring
  std::size_t added = 0;             // blocks
  exchange.Run(streams, Patience::Kind::kEager, [&](std::size_t stream, std::size_t block) {
    if (stream >= others) return;  // it was sent
    arrived[block % kSlots]++;
    for (; arrived[added % kSlots] == others; added++) {
      const std::size_t slot = added % kSlots, start = added * block_length;
      float* first = reinterpret_cast<float*>(staging + slot * others * block_bytes_);
      AddBlock(values + own.from + start, first, std::min(block_length, own.length() - start));
      arrived[slot] = 0;
      for (std::size_t peer = 0; peer < others; peer++) streams[peer].limit++;
    }
  });
}

void BlockSum::AddBlock(float* own, float* first, std::size_t length) const {
  const std::size_t block_length = block_bytes_ / sizeof(float);
  const auto addend = [=](int rank) { return first + (rank < rank_ ? rank : rank - 1) * block_length; };
  for (int rank = 1; rank < rank_; rank++) Add(first, first, addend(rank), length);
  if (rank_ > 0) Add(own, first, own, length);
  for (int rank = rank_ + 1; rank < size_; rank++) Add(own, own, addend(rank), length);
}

}  // namespace mpi_addon
