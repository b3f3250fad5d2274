import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { train } from '../../src/training/train.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { recordLog } from './observe.js';
import { makeToyData } from './toy-data.js';
import { toyRequest } from './toy-request.js';

const data = await makeToyData(temporaryFolder());
const recorded = recordLog();
const PROFILE = { milliseconds: 1, kernels: [], pool: { mostInUse: 0, reserved: 0 }, cachedPrimitives: 0 };

/** Records after which update it was started and ended. */
function observedProfiler() {
  const seen: string[] = [];
  const updates = (): number => recorded.stats('train_inner').length;
  return {
    seen,
    start: () => void seen.push(`start after ${updates()}`),
    end: () => {
      seen.push(`end after ${updates()}`);
      return PROFILE;
    },
  };
}

const run = (maxUpdate: number, profiler: ReturnType<typeof observedProfiler>): Promise<void> =>
  train(toyRequest(data, { maxUpdate, noSave: true }, { profiler, logInterval: 1 }));

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('train with a profiler', () => {
  it('profiles the whole of the 20th update and logs it', async () => {
    const profiler = observedProfiler();
    await run(23, profiler);
    expect(profiler.seen).toEqual(['start after 19', 'end after 20']);
    expect(recorded.messages().filter((message) => message.startsWith('profile of update 20:'))).toHaveLength(1);
  });

  it('logs that there is no profile if training ends before', async () => {
    const profiler = observedProfiler();
    await run(5, profiler);
    expect(profiler.seen).toEqual([]);
    expect(recorded.messages()).toContain(
      '--profile: no profile, because training ended after 5 updates, before update 20',
    );
  });
});
