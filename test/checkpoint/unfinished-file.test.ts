import { mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { prepareFolder } from '../../src/checkpoint/atomic-file.js';
import { identityOfProcess, type ProcessIdentity } from '../../src/checkpoint/process-identity.js';
import { removeUnfinished, unfinishedFile } from '../../src/checkpoint/unfinished-file.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const folder = temporaryFolder();
afterEach(() => {
  rmSync(folder, { recursive: true });
  mkdirSync(folder);
});

const SECOND = 1000;
const mine = identityOfProcess(process.pid);
const parent = identityOfProcess(process.ppid);
const elsewhere = { ...mine, boot: 'another', machine: 'another' };

/** Leaves a file that was last written to N seconds ago. @returns its name */
function leave(name: string, seconds: number): string {
  const path = join(folder, name);
  writeFileSync(path, 'half');
  const time = new Date(Date.now() - seconds * SECOND);
  utimesSync(path, time, time);
  return name;
}

describe('an unfinished file', () => {
  it('has a different name for each process, also for two with the same id', () => {
    const writers: ProcessIdentity[] = [mine, parent, { ...mine, started: '1' }, elsewhere, { ...mine, host: 'other' }];
    const names = new Set(writers.map((writer) => unfinishedFile('checkpoint1.safetensors', writer)));
    expect(names.size).toBe(writers.length);
    expect(unfinishedFile('a')).toBe(unfinishedFile('a', mine));
  });

  it.each<[string, writer: ProcessIdentity | null, seconds: number, isKept: boolean]>([
    ['of this process', mine, 0, true],
    ['of another process that runs, however long it takes', parent, 100_000, true],
    ['of a process that has ended', { ...parent, process: 2 ** 22 + 1 }, 0, false],
    ['of a process that has ended, whose id another one has', { ...parent, started: '1' }, 0, false],
    ['of another host, just written', elsewhere, 60, true],
    ['of another host, long ago', elsewhere, 4000, false],
    ['without a process in its name, just written', null, 60, true],
    ['without a process in its name, long ago', null, 4000, false],
  ])('%s', (_, writer, seconds, isKept) => {
    const name = writer === null ? 'averaged.safetensors.unfinished' : unfinishedFile('averaged.safetensors', writer);
    leave(name, seconds);
    leave('averaged.safetensors', 4000);
    for (const clear of [removeUnfinished, prepareFolder]) {
      clear(folder);
      const expected = isKept ? ['averaged.safetensors', name] : ['averaged.safetensors'];
      expect(readdirSync(folder).sort()).toEqual(expected);
    }
  });
});
