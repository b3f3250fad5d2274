import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { parseSweep } from '../../src/experiments/read-sweep.js';
import type { SweepPlan } from '../../src/experiments/sweep-plan.js';
import { formatDuration, SweepProgress } from '../../src/experiments/sweep-progress.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const folder = temporaryFolder();
let sweeps = 0;

function planOf(train: object): SweepPlan {
  const output = join(folder, `sweep${++sweeps}`);
  const entries = { output, data: 'bin', train, grid: { seed: [1, 2] } };
  return parseSweep('sweep.yaml', new Map<string, unknown>(Object.entries(entries)));
}

/** Writes the log of the first run, which is being trained. */
function train({ output }: SweepPlan, epoch: number, updates: number): void {
  const run = join(output, 'seed=1');
  mkdirSync(run, { recursive: true });
  writeFileSync(join(run, 'state.json'), '{"state": "running", "training": null, "finished": {}}');
  const line = JSON.stringify({ epoch: Math.ceil(epoch), update: epoch, loss: '3', num_updates: String(updates) });
  writeFileSync(join(run, 'train.log'), `2026 | INFO | train_inner | ${line}\n`);
}

describe('the time that is left of a sweep', () => {
  it.each([
    ['epochs', { 'max-epoch': 4 }, '0 of 2 runs done, 3 min left'],
    ['updates', { 'max-update': 200 }, '0 of 2 runs done, 3 min left'],
    ['updates, with another spelling', { max_update: 200 }, '0 of 2 runs done, 3 min left'],
    ['updates that end it before its epochs', { 'max-epoch': 100, 'max-update': 200 }, '0 of 2 runs done, 3 min left'],
    ['epochs that end it before its updates', { 'max-epoch': 4, 'max-update': 1e6 }, '0 of 2 runs done, 3 min left'],
    ['nothing that it names', {}, '0 of 2 runs done'],
  ])('follows from the training: %s', (_, options, summary) => {
    const plan = planOf(options);
    const now = vi.spyOn(performance, 'now').mockReturnValue(0);
    const progress = new SweepProgress(plan);
    train(plan, 2, 100); // half of the first of two runs in a minute
    now.mockReturnValue(60_000);
    expect(progress.summary()).toBe(summary);
    now.mockRestore();
  });
});

it('goes on while a log ends in the middle of a character', () => {
  const plan = planOf({ 'max-epoch': 4 });
  train(plan, 2, 100);
  writeFileSync(join(plan.output, 'seed=1/train.log'), Buffer.from('| INFO | é').subarray(0, -1));
  expect(new SweepProgress(plan).summary()).toBe('0 of 2 runs done');
});

it.each([
  [0.2, '1 s'],
  [89, '89 s'],
  [600, '10 min'],
  [33_600, '9 h 20 min'],
])('%d seconds are %s', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});
