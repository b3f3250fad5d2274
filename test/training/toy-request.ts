import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach } from 'vitest';
import type { LogEvent } from '../../src/log.js';
import { log } from '../../src/log.js';
import { adam } from '../../src/optim/adam.js';
import { portableArenaKernels } from '../../src/optim/arena-kernels.js';
import { inverseSqrt } from '../../src/optim/inverse-sqrt.js';
import type { OptionValues } from '../../src/options/schema.js';
import { selectOptions } from '../../src/options/select.js';
import type { StatsEvent } from '../../src/training/events.js';
import { type TrainRequest, trainingOptions } from '../../src/training/request.js';
import { toyArchitecture, toyCriterion } from '../helpers/toy-plugins.js';

/** What `ts-fairseq train` would pass on for the toy model: 10 updates an epoch on the toy data. */
export function toyRequest(data: string, values: OptionValues, rest: Partial<TrainRequest> = {}): TrainRequest {
  const defaults = {
    maxTokens: 32,
    requiredBatchSizeMultiple: 1,
    lr: [0.05],
    warmupUpdates: 4,
    clipNorm: 1,
    dropout: 0.3,
    updateFreq: [1],
  };
  const all = { ...defaults, ...values };
  return {
    data,
    options: selectOptions(trainingOptions, all),
    all,
    plugins: {
      architecture: toyArchitecture,
      criterion: toyCriterion as never,
      optimizer: adam as never,
      lrScheduler: inverseSqrt as never,
    },
    kernels: portableArenaKernels,
    machine: { device: 'plain', threads: 1, oneDnn: null },
    version: 'test',
    logInterval: 2,
    ...rest,
  };
}

/** A folder for one test file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ts-fairseq-training-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The log of the test that is running. */
export function recordLog(): { readonly events: LogEvent[]; messages(): string[]; stats(kind: string): StatsEvent[] } {
  const events: LogEvent[] = [];
  beforeEach(() => {
    events.length = 0;
    return log.attach((event) => void events.push(event));
  });
  return {
    events,
    messages: () => events.filter(({ kind }) => kind === 'message').map(({ fields }) => String(fields.message)),
    stats: (wanted) =>
      events.filter(({ kind }) => kind === wanted).map(({ fields }) => fields as unknown as StatsEvent),
  };
}

export const bytesOf = (folder: string, name: string): Buffer => readFileSync(join(folder, `${name}.safetensors`));
