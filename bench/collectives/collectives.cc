// Times mpi-native's sumSlices and gatherSlices, and MPI_Iallreduce, in turns.
//   mpirun -n N collectives ROUNDS BYTES…
// Rank 0 prints a line per size: `BYTES OURS… PEER…`, the seconds of each round. Fails if two ranks get different sums.
#include <mpi.h>
#include <sched.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "world.h"

namespace {

double SecondsOf(void (*work)(mpi_addon::World&, std::vector<float>&), mpi_addon::World& world,
                 std::vector<float>& values) {
  MPI_Barrier(MPI_COMM_WORLD);
  const double start = MPI_Wtime();
  work(world, values);
  MPI_Barrier(MPI_COMM_WORLD);
  return MPI_Wtime() - start;
}

void Ours(mpi_addon::World& world, std::vector<float>& values) {
  world.SumSlices(values.data(), values.size());
  world.GatherSlices(values.data(), values.size(), sizeof(float));
}

void Peer(mpi_addon::World&, std::vector<float>& values) {
  MPI_Request request;
  const int length = static_cast<int>(values.size());
  MPI_Iallreduce(MPI_IN_PLACE, values.data(), length, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD, &request);
  for (int is_done = 0;;) {
    MPI_Test(&request, &is_done, MPI_STATUS_IGNORE);
    if (is_done) return;
    sched_yield();
  }
}

void Fill(std::vector<float>& values, int rank) {
  for (std::size_t i = 0; i < values.size(); i++) values[i] = 1.0f / static_cast<float>(i % 1000 + rank + 1);
}

void Measure(mpi_addon::World& world, std::size_t bytes, int rounds) {
  std::vector<float> ours(bytes / sizeof(float)), peer(ours.size());
  std::vector<double> seconds(2 * rounds);
  // The first round touches the memory.
  for (int round = -1; round < rounds; round++) {
    Fill(ours, world.rank());
    Fill(peer, world.rank());
    const double our_time = SecondsOf(Ours, world, ours), peer_time = SecondsOf(Peer, world, peer);
    if (round < 0) continue;
    seconds[round] = our_time;
    seconds[rounds + round] = peer_time;
  }
  // The sum of two numbers does not depend on their order; with more ranks it may.
  if (world.size() == 2 && std::memcmp(ours.data(), peer.data(), bytes) != 0) {
    std::fprintf(stderr, "the sums of %zu bytes differ\n", bytes);
    world.Abort(1);
  }
  if (world.rank() != 0) return;
  std::printf("%zu", bytes);
  for (const double time : seconds) std::printf(" %.9f", time);
  std::printf("\n");
}

}  // namespace

int main(int count, char** arguments) {
  mpi_addon::World world({0, 0x7fff0000});
  for (int i = 2; i < count; i++) Measure(world, std::strtoull(arguments[i], nullptr, 10), std::atoi(arguments[1]));
  world.Finalize();
}
