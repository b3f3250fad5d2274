#pragma once

#include <cstddef>

#include "exchange.h"

namespace mpi_addon {

/**
 * The sum of a rank's slice over all ranks. The slices of the others arrive in blocks in a ring of `kSlots` places, so
 * that one block is added, from the cache, while others arrive. Each element is added in rank order, from rank 0,
 * whatever the size of the blocks: values[i] ← ((v_0[i] + v_1[i]) + v_2[i]) + … ; float32
 */
class BlockSum {
 public:
  /** The size of a block that suits this number of ranks. */
  static std::size_t BlockBytes(int size);

  BlockSum(int rank, int size, std::size_t block_bytes);

  std::size_t staging_bytes() const;

  /** Writes the sum into the slice of this rank. @param staging staging_bytes() bytes */
  void Run(float* values, std::size_t length, char* staging, Exchange& exchange, int tag) const;

 private:
  /** Adds a block that has arrived from all ranks. @param own is this rank's addend, and the sum */
  void AddBlock(float* own, float* first, std::size_t length) const;

  const int rank_, size_;
  const std::size_t block_bytes_;
};

}  // namespace mpi_addon
