import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EMULATED_DEVICE } from '../src/driver.js';
import { cubinFolder, hasKernels } from '../src/modules.js';

describe('the folder of cubins', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'cubins-'));
    for (const name of ['sm_80', 'sm_90', 'sm_100', 'sm_120', 'sm_86x', 'notes']) mkdirSync(join(folder, name));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each<[major: number, minor: number, name: string | null]>([
    [8, 0, 'sm_80'],
    [8, 9, 'sm_80'],
    [9, 0, 'sm_90'],
    [10, 3, 'sm_100'],
    [12, 1, 'sm_120'],
    [7, 5, null],
    [13, 0, null],
  ])('of compute capability %i.%i is %s: the same major version, not newer', (major, minor, name) => {
    const base = pathToFileURL(`${folder}/`);
    expect(cubinFolder({ major, minor }, base)?.href ?? null).toBe(name && new URL(`${name}/`, base).href);
  });

  test('is needed of a GPU, and not of the emulated one', () => {
    const device = { totalMemory: 1, multiprocessors: 1, sharedMemoryPerBlock: 1, driverVersion: 12000, minor: 0 };
    expect(hasKernels({ ...device, name: 'a GPU of the future', major: 99 })).toBe(false);
    expect(hasKernels({ ...device, name: EMULATED_DEVICE, major: 99 })).toBe(true);
  });

  test('is none where nothing is compiled', () => {
    expect(cubinFolder({ major: 9, minor: 0 }, pathToFileURL(`${folder}/missing/`))).toBeNull();
  });
});
