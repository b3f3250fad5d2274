import { spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { AS_ROOT, MPI_IS_MISSING, mpirun } from '../../../test/helpers/mpirun.js';
import { temporaryFolder } from '../../../test/helpers/temporary-folder.js';

const program = fileURLToPath(new URL('ranks/membership.ts', import.meta.url));
const missing = MPI_IS_MISSING === null ? '' : ` (skipped: ${MPI_IS_MISSING})`;

/** Runs a program of a rank without mpirun. */
function runAlone(script: string, argv: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  return spawnSync(process.execPath, ['--import', import.meta.resolve('jiti/register'), script, ...argv], {
    encoding: 'utf8',
    env: { ...process.env, ...AS_ROOT, ...environment },
  });
}

const linesOf = (stdout: string): Record<string, unknown>[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const ERRORS = [
  'this process has joined a world before',
  'expected a Float32Array',
  'the exit status is 0',
  'memory access out of bounds',
  'this rank has left MPI',
];

describe.skipIf(MPI_IS_MISSING !== null)(`a process${missing}`, () => {
  test('that joins knows its place, is told what it does wrong, and leaves once', async () => {
    const { status, stdout, stderr } = await mpirun(2, [program, '1024']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const lines = linesOf(stdout);
    for (const rank of [0, 1]) {
      expect(lines.filter((line) => line.rank === rank)).toEqual([
        { rank, size: 2, localRank: rank, localSize: 2, hasName: true, library: expect.stringMatching(/^Open MPI \d/) },
        { rank, errors: ERRORS },
      ]);
    }
  });

  test('that was started without mpirun is alone', () => {
    const { status, stdout } = runAlone(program, ['1024']);
    expect(status).toBe(0);
    expect(linesOf(stdout)[0]).toMatchObject({ rank: 0, size: 1, localRank: 0, localSize: 1 });
  });

  test('that was started with others, by a launcher that MPI does not know, does not compute alone', () => {
    const { status, stderr } = runAlone(program, ['1024'], { SLURM_NTASKS: '2' });
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /2 processes were started, but Open MPI \S+ sees only this one; start them with its own mpirun/,
    );
  });

  test.each(['63', '2147418113', 'NaN'])('cannot join with messages of %s bytes', (bytes) => {
    const { status, stderr } = runAlone(program, [bytes]);
    expect(status).toBe(1);
    expect(stderr).toContain(`RangeError: maxMessageBytes is ${bytes}`);
  });
});

test('a process is told how to build the add-on if it is not built', () => {
  const folder = temporaryFolder();
  for (const part of ['src', 'test/ranks']) {
    cpSync(fileURLToPath(new URL(`../${part}`, import.meta.url)), join(folder, part), { recursive: true });
  }
  const { status, stderr } = runAlone(join(folder, 'test/ranks/membership.ts'), ['1024']);
  expect(status).toBe(1);
  expect(stderr).toMatch(/add-on for MPI is not built; install libopenmpi-dev and openmpi-bin .* run node .*build\.js/);
});
