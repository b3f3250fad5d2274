import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Provenance } from '../../src/experiments/provenance.js';
import { parseSweep } from '../../src/experiments/read-sweep.js';
import { collectResult, readResult } from '../../src/experiments/run-result.js';
import type { RunState } from '../../src/experiments/run-state.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const root = temporaryFolder();
const here: Provenance = { version: '0.2.0', commit: 'c', node: 'v22', processor: 'another' };
const trained: Provenance = { version: '0.1.0', commit: 'a', node: 'v20', processor: 'one' };
const resumed: Provenance = { ...trained, commit: 'b' };
const entries = { output: root, data: 'bin', generate: { test: { beam: 5 } } };
const run = parseSweep('sweep.yaml', new Map(Object.entries(entries))).runs[0]!;
const finished: RunState = { state: 'done', training: null, finished: {} };

function makeRun(name: string): string {
  const folder = join(root, name);
  mkdirSync(join(folder, 'generate/test'), { recursive: true });
  writeFileSync(join(folder, 'train.log'), '');
  writeFileSync(join(folder, 'generate/test/generate-test.txt'), 'S-0\ta\nT-0\ta\nH-0\t-1\ta\n');
  return folder;
}

describe('the result of a run', () => {
  it.each([
    ['one process trained', [trained], trained, []],
    ['another one resumed', [trained, resumed], trained, [resumed]],
  ])('names what trained it, not what collects it: %s', (name, trainedBy, provenance, resumedBy) => {
    const folder = makeRun(name);
    collectResult(run, folder, { ...finished, trainedBy }, here);
    expect(readResult(folder)).toMatchObject({ provenance, resumedBy });
  });

  it('keeps what it named when it is collected again after a training of which the state says nothing', () => {
    const folder = makeRun('earlier');
    collectResult(run, folder, { ...finished, trainedBy: [trained, resumed] }, here);
    collectResult(run, folder, finished, here);
    expect(readResult(folder)).toMatchObject({ provenance: trained, resumedBy: [resumed] });
  });
});
