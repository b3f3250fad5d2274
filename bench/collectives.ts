/** How fast do several processes add a vector, compared with MPI_Iallreduce, whose sums depend on its algorithm? */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { MPIRUN_ENVIRONMENT } from './harness/mpirun.js';
import { benchmarkOptions } from './harness/options.js';
import { inRepository } from './harness/paths.js';
import { median, percent, progress, publish } from './harness/report.js';

const options = benchmarkOptions({
  sizes: { type: 'string', default: '1,16,153' }, // MiB; 153: the gradient of transformer_iwslt_de_en
  ranks: { type: 'string', default: '2' },
  rounds: { type: 'string' },
});
const ranks = Number(options.ranks);
const rounds = Number(options.rounds ?? (options.short ? 5 : 15));
const sizes = options.sizes.split(',').map((size) => Math.round(Number(size) * 2 ** 20));

const SOURCES = inRepository('packages/mpi-native/cc');
const PROGRAM = inRepository('build/bench/collectives');

/** Compiles the program, with the sources of mpi-native, unless it is newer than they are. */
function build(): void {
  const sources = [
    inRepository('bench/collectives/collectives.cc'),
    ...readdirSync(SOURCES)
      .filter((name) => name.endsWith('.cc') && name !== 'addon.cc')
      .map((name) => `${SOURCES}/${name}`),
  ];
  const built = statSync(PROGRAM, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const headers = readdirSync(SOURCES).map((name) => `${SOURCES}/${name}`);
  if ([...sources, ...headers].every((file) => statSync(file).mtimeMs < built)) return;
  mkdirSync(dirname(PROGRAM), { recursive: true });
  const flags = ['-O3', '-std=c++17', '-pthread', '-DOMPI_SKIP_MPICXX', `-I${SOURCES}`, ...sources, '-o', PROGRAM];
  const { status, stderr, error } = spawnSync('mpicxx', flags, { encoding: 'utf8' });
  if (status === 0) return;
  console.error(`bench: collectives does not compile; it requires libopenmpi-dev and openmpi-bin\n${stderr ?? error}`);
  process.exit(2);
}

interface Row {
  readonly transport: string;
  readonly bytes: number;
  readonly seconds: number; // sumSlices and gatherSlices, median
  readonly peerSeconds: number; // MPI_Iallreduce, median
  readonly speed: number; // relative to MPI_Iallreduce, median over pairs of rounds
}

function measure(transport: string, btl: string): Row[] {
  progress(`${ranks} ranks over ${transport}, ${rounds} rounds each`);
  const command = ['--mca', 'btl', btl, '-n', String(ranks), PROGRAM, String(rounds), ...sizes.map(String)];
  const { status, stdout, stderr } = spawnSync('mpirun', command, {
    encoding: 'utf8',
    env: { ...process.env, ...MPIRUN_ENVIRONMENT },
  });
  if (status !== 0) throw new Error(`mpirun failed: ${stderr}`);
  return stdout
    .trim()
    .split('\n')
    .map((line) => {
      const [bytes, ...times] = line.split(' ').map(Number);
      const [ours, peer] = [times.slice(0, rounds), times.slice(rounds)];
      const speed = median(ours.map((seconds, round) => peer[round]! / seconds));
      return { transport, bytes: bytes!, seconds: median(ours), peerSeconds: median(peer), speed };
    });
}

build();
publish(
  {
    benchmark: 'collectives',
    note:
      `${ranks} ranks; medians of ${rounds} rounds that alternate with MPI_Iallreduce in the same processes; ` +
      'GB/s: of the vector; speed: relative to MPI_Iallreduce',
    columns: [
      { heading: 'transport', value: ({ transport }) => transport },
      { heading: 'MiB', value: ({ bytes }) => bytes / 2 ** 20 },
      { heading: 'ms', value: ({ seconds }) => 1000 * seconds, digits: 2 },
      { heading: 'GB/s', value: ({ bytes, seconds }) => bytes / seconds / 1e9, digits: 2 },
      { heading: 'MPI_Iallreduce ms', value: ({ peerSeconds }) => 1000 * peerSeconds, digits: 2 },
      { heading: 'GB/s', value: ({ bytes, peerSeconds }) => bytes / peerSeconds / 1e9, digits: 2 },
      { heading: 'speed', value: ({ speed }) => percent(speed) },
    ],
    rows: [...measure('shared memory', 'vader,self'), ...measure('TCP', 'tcp,self')],
  },
  options,
);
