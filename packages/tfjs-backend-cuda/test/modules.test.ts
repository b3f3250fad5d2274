import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EMULATED_DEVICE } from '../src/driver.js';
import { cubinFolder, hasKernels, kernelsCommand } from '../src/modules.js';

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
    [8, 7, null], // Jetson runs its own cubins only
    [10, 1, null],
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

  test('of a GPU within a processor is its own, which the command names', () => {
    mkdirSync(join(folder, 'sm_87'));
    const base = pathToFileURL(`${folder}/`);
    expect(cubinFolder({ major: 8, minor: 7 }, base)?.href).toBe(new URL('sm_87/', base).href);
    expect(cubinFolder({ major: 8, minor: 9 }, base)?.href).toBe(new URL('sm_80/', base).href);
    expect(kernelsCommand({ major: 8, minor: 7 })).toMatch(/setup-cuda\.sh --architecture=sm_87$/);
    expect(kernelsCommand({ major: 9, minor: 0 })).toMatch(/setup-cuda\.sh$/);
  });

  test('is none where nothing is compiled', () => {
    expect(cubinFolder({ major: 9, minor: 0 }, pathToFileURL(`${folder}/missing/`))).toBeNull();
  });
});
