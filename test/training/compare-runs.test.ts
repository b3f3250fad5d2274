import { cpSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadMetadata } from '../../src/checkpoint/checkpoint.js';
import { listCheckpoints } from '../../src/checkpoint/checkpoint-path.js';
import { UserError } from '../../src/errors.js';
import { reduceLrOnPlateau } from '../../src/optim/reduce-lr-on-plateau.js';
import type { OptionValues } from '../../src/options/schema.js';
import { incomparableOptions } from '../../src/training/compare-runs.js';
import type { evaluationOptions } from '../../src/training/options.js';
import type { TrainRequest } from '../../src/training/request.js';
import { train } from '../../src/training/train.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { toyCriterion } from '../helpers/toy-plugins.js';
import { recordLog } from './observe.js';
import { makeToyData } from './toy-data.js';
import { toyRequest } from './toy-request.js';

const folder = temporaryFolder();
const data = await makeToyData(folder);
const recorded = recordLog();
const first = join(folder, 'first');
const options = { maxEpoch: 2, patience: 3, keepBestCheckpoints: 1, noEpochCheckpoints: true };
const otherCriterion = { ...toyCriterion, name: 'other' };

/** Resumes a copy of the first run. @returns its folder */
async function resumeCopy(
  name: string,
  values: OptionValues,
  plugins: Partial<TrainRequest['plugins']> = {},
  source = data,
): Promise<string> {
  const saveDir = join(folder, name);
  cpSync(first, saveDir, { recursive: true });
  const request = toyRequest(source, { ...options, maxEpoch: 3, saveDir, ...values });
  await train({ ...request, plugins: { ...request.plugins, ...plugins } });
  return saveDir;
}

const warnings = (): string[] =>
  recorded.events.filter(({ level }) => level === 'warning').map(({ fields }) => String(fields.message));

beforeAll(async () => {
  await tf.setBackend('cpu');
  await train(toyRequest(data, { ...options, saveDir: first }));
});

describe('a run is refused if it resumes with a best value that is not comparable with its own', () => {
  it.each([
    {
      what: 'another criterion',
      values: {},
      plugins: { criterion: otherCriterion },
      named: '--criterion toy_cross_entropy, not other',
    },
    { what: 'other options of the criterion', values: { blowUpAt: 1 }, plugins: {}, named: '--blow-up-at 0, not 1' },
    { what: '--sentence-avg', values: { sentenceAvg: true }, plugins: {}, named: '--sentence-avg false, not true' },
    {
      what: '--ignore-prefix-size',
      values: { ignorePrefixSize: 1 },
      plugins: {},
      named: '--ignore-prefix-size 0, not 1',
    },
    {
      what: 'another metric',
      values: { bestCheckpointMetric: 'ppl' },
      plugins: {},
      named: '--best-checkpoint-metric loss, not ppl',
    },
    {
      what: 'another direction',
      values: { maximizeBestCheckpointMetric: true },
      plugins: {},
      named: '--maximize-best-checkpoint-metric false, not true',
    },
    {
      what: 'another part of the data',
      values: { maxValidSteps: 1 },
      plugins: {},
      named: '--max-valid-steps none, not 1',
    },
  ])('$what', async ({ what, values, plugins, named }) => {
    const failure = resumeCopy(what, values, plugins);
    await expect(failure).rejects.toThrow(UserError);
    await expect(failure).rejects.toThrow(
      `${join(folder, what)}/checkpoint_last was trained with ${named}: its best value is not comparable with those of this run; reset the best value with --reset-meters`,
    );
    expect(listCheckpoints(join(folder, what))).toEqual(listCheckpoints(first));
  });

  it.each(['resetMeters', 'resetOptimizer'])('unless %s resets the best value and patience', async (reset) => {
    const values = { [reset]: true, keepBestCheckpoints: -1 };
    const saveDir = await resumeCopy(reset, values, { criterion: otherCriterion });
    const { bestMetric, earlyStopping } = loadMetadata(join(saveDir, 'checkpoint_best')).training!;
    const [valid] = recorded.stats('valid');
    expect(valid!.stats.some(([name]) => name === 'best_loss')).toBe(false);
    expect(String(bestMetric)).toBe(valid!.stats[0]![1]);
    expect(earlyStopping).toEqual({ best: bestMetric, validationsSince: 0 });
  });

  it('or if it would rank kept checkpoints of another criterion together with its own', async () => {
    const failure = resumeCopy('ranked', { resetMeters: true }, { criterion: otherCriterion });
    await expect(failure).rejects.toThrow(
      /ranked\/checkpoint\.best_loss_\S+ was trained with --criterion toy_cross_entropy, not other: --keep-best-checkpoints cannot compare/,
    );
  });

  it('--reset-meters resets the best value of the plateau schedule and keeps its rate', () => {
    const schedule = reduceLrOnPlateau.build(
      { lrShrink: 0.5, lrThreshold: 0, lrPatience: 0, warmupUpdates: 0, warmupInitLr: -1 },
      [1],
      { maxUpdate: 0, maximizeBestCheckpointMetric: false },
    );
    schedule.endEpoch!({ updates: 1, epoch: 1 }, 3);
    schedule.endEpoch!({ updates: 2, epoch: 2 }, 4);
    expect(schedule.state).toEqual({ rate: 0.5, best: 3, epochsSince: 0 });
    schedule.forgetValues!();
    expect(schedule.state).toEqual({ rate: 0.5, best: null, epochsSince: 0 });
  });
});

describe('values of BLEU', () => {
  const { plugins } = toyRequest(data, {});
  const base = { evalBleu: true, bestCheckpointMetric: 'bleu', evalBleuArgs: '{"beam": 4}', evalBleuDetok: 'space' };
  const changed = (values: OptionValues): string[] =>
    incomparableOptions({ recorded: base, now: { ...base, ...values }, plugins }).map(({ key }) => key);

  it.each(
    Object.entries({ evalBleuArgs: '{"beam": 5}', evalBleuDetok: 'moses' } satisfies Partial<
      Record<keyof typeof evaluationOptions, string>
    >),
  )('are not comparable if %s differs', (key, value) => {
    expect(changed({ [key]: value })).toEqual([key]);
  });

  it.each([
    { evalBleuArgs: "{'beam': 4, 'lenpen': 1.0}" }, // as Python writes it, with a default
    { sentenceAvg: true },
    { evalBleuPrintSamples: true },
  ])('are comparable with %j', (values) => {
    expect(changed(values)).toEqual([]);
  });
});

describe('a run that resumes with changed options', () => {
  it('logs one warning', async () => {
    const saveDir = await resumeCopy('other-options', { seed: 7, lr: [0.01], dropout: 0.2 });
    expect(warnings()).toEqual([
      `resuming from ${saveDir}/checkpoint_last with changed options: --dropout 0.2 (was 0.3), --lr 0.01 (was 0.05), --seed 7 (was 1)`,
    ]);
  });

  it.each([{}, { keepBestCheckpoints: 5, patience: 3, saveInterval: 2 }])('logs no warning with %j', async (values) => {
    await resumeCopy(`same-options-${Object.keys(values).length}`, values);
    expect(warnings()).toEqual([]);
  });

  it('logs that the old best value still counts if the validation data differs', async () => {
    const elsewhere = join(folder, 'elsewhere');
    cpSync(data, elsewhere, { recursive: true });
    for (const language of ['xx', 'yy']) {
      for (const extension of ['bin', 'idx']) {
        cpSync(
          join(data, `train.xx-yy.${language}.${extension}`),
          join(elsewhere, `valid.xx-yy.${language}.${extension}`),
        );
      }
    }
    const restoreFile = join(first, 'checkpoint_last');
    const { bestMetric } = loadMetadata(restoreFile).training!;
    const message = `the validation data differs from that of ${restoreFile}; its best loss, ${bestMetric}, still counts; --reset-meters resets it`;
    const saveDir = join(folder, 'other-data');
    const request = { ...options, saveDir, restoreFile, maxEpoch: 3 };
    await train(toyRequest(elsewhere, request));
    expect(warnings()).toEqual([message]);
    await train(toyRequest(elsewhere, { ...request, resetMeters: true }));
    expect(warnings()).toEqual([message]);
  });
});

describe('--best-checkpoint-metric', () => {
  it('of BLEU is maximised, and the log says so', async () => {
    const saveDir = join(folder, 'bleu');
    // The toy model cannot search, so the run fails after the log message.
    const request = toyRequest(data, { saveDir, evalBleu: true, bestCheckpointMetric: 'bleu' });
    await train(request).catch(() => {});
    expect(recorded.messages()).toContain(
      '--best-checkpoint-metric bleu: the largest value is the best, as with --maximize-best-checkpoint-metric',
    );
  });

  it('of a loss is minimised without a log message', async () => {
    await train(toyRequest(data, { saveDir: join(folder, 'loss'), maxUpdate: 1 }));
    expect(recorded.messages().join('\n')).not.toContain('maximize');
  });
});
