import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import type { CudaBackend } from 'tfjs-backend-cuda';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { buildEmulation } from '../../packages/tfjs-backend-cuda/test/helpers/emulated.js';
import { loadMetadata } from '../../src/checkpoint/checkpoint.js';
import { listCheckpoints } from '../../src/checkpoint/checkpoint-path.js';
import { openDevice } from '../../src/devices/index.js';
import { UserError } from '../../src/errors.js';
import { log } from '../../src/log.js';
import { adam } from '../../src/optim/adam.js';
import { fixed } from '../../src/optim/fixed.js';
import { MovingAverage } from '../../src/optim/moving-average.js';
import type { OptionValues } from '../../src/options/schema.js';
import { selectOptions } from '../../src/options/select.js';
import {
  type Criterion,
  type CriterionInput,
  type CriterionOutput,
  defineCriterion,
} from '../../src/plugins/criterion.js';
import type { TranslationBatch } from '../../src/tasks/collate.js';
import { LateUpdate } from '../../src/training/late-update.js';
import type { TrainRequest } from '../../src/training/request.js';
import { train } from '../../src/training/train.js';
import { Trainer, type TrainerOptions } from '../../src/training/trainer.js';
import type { StartedUpdate } from '../../src/training/unread-updates.js';
import { buildTransformer, referenceTask, transformerOptions } from '../helpers/reference-model.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { bytesOf, compareCheckpoints, recordLog } from '../training/observe.js';
import { makeToyData } from '../training/toy-data.js';
import { toyRequest } from '../training/toy-request.js';
import { goldenBatches, trainingWithoutEnd } from '../training/toy-trainer.js';

const folder = temporaryFolder();
const data = await makeToyData(folder);
const recorded = recordLog();

beforeAll(() => buildEmulation());
beforeEach(() => void vi.stubEnv('TFJS_CUDA_DRIVER', 'emulated'));
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const backend = (): CudaBackend => tf.findBackend('cuda') as unknown as CudaBackend;

/** The numbers of downloads that are not in use: the first ones unless some were not released. */
function idleDownloads(): number[] {
  const { driver } = backend();
  const block = backend().takeMemory(1);
  const downloads = IDLE.map(() => driver.downloadLater({ address: block.address, bytes: 1 }));
  for (const download of downloads) driver.releaseDownload({ download });
  backend().giveMemory(block);
  return downloads;
}

const IDLE = [0, 1, 2, 3, 4, 5, 6, 7];

const crossEntropy = ({ scores }: CriterionInput): CriterionOutput => {
  const nll = tf.neg(tf.sum(scores.statistics().targetLogProb)) as tf.Scalar;
  const rows = tf.scalar(scores.rows, 'int32') as tf.Scalar;
  return { loss: nll, nll, metrics: { rows: { sum: rows, unit: 'count' } } };
};

/** Ways in which an update is not finite. */
const failures = {
  'a loss of NaN': (output: CriterionOutput) => ({ ...output, loss: tf.mul(output.loss, Number.NaN) as tf.Scalar }),
  'an infinite loss': (output: CriterionOutput) => ({ ...output, loss: tf.div(output.loss, 0) as tf.Scalar }),
  'a gradient that overflows': (output: CriterionOutput) => ({ ...output, loss: withInfiniteGradient(output.loss) }),
} as const;

type Failure = keyof typeof failures;

/** x, whose gradient is infinite. */
const withInfiniteGradient = (x: tf.Scalar): tf.Scalar =>
  tf.customGrad((input) => ({
    value: tf.clone(input as tf.Scalar),
    gradFunc: (dy: tf.Tensor) => tf.mul(dy, Number.POSITIVE_INFINITY),
  }))(x) as tf.Scalar;

/** A criterion that fails at some calls, counted from 1. */
function failingAt(calls: readonly number[], failure: Failure): Criterion {
  let count = 0;
  return {
    paddingRows: 'drop',
    forward(input) {
      count += 1;
      const output = crossEntropy(input);
      return calls.includes(count) ? failures[failure](output) : output;
    },
  };
}

const MODEL = transformerOptions({
  ...{ encoderEmbedDim: 16, encoderFfnEmbedDim: 16, encoderLayers: 1, encoderAttentionHeads: 2 },
  ...{ decoderLayers: 1, decoderAttentionHeads: 2, shareAllEmbeddings: true, dropout: 0.2 },
});

/** A trainer of a small Transformer on a device, with dropout, clipping and a moving average. */
async function makeTrainer(
  device: 'cpu' | 'cuda',
  criterion: Criterion = failingAt([], 'a loss of NaN'),
  options: Partial<TrainerOptions> = {},
): Promise<Trainer> {
  const { arenaKernels: kernels } = await openDevice(device, { threads: null });
  const model = buildTransformer(referenceTask(), MODEL);
  return new Trainer(
    {
      ...{ model, criterion, kernels },
      average: new MovingAverage(model.parameters, { emaDecay: 0.75, emaStartUpdate: 2, emaUpdateFreq: 1 }),
      optimizer: adam.build(selectOptions(adam.options, { adamEps: 1e-3 }), model.parameters, kernels),
      lrScheduler: fixed.build(selectOptions(fixed.options, {}), [1e-2], trainingWithoutEnd),
    },
    { seed: 1, clipNorm: 1, sentenceAvg: false, ignorePrefixSize: 0, ...options },
  );
}

/** Weights, moments and the average, on the host. */
async function stateOf(trainer: Trainer): Promise<Record<string, Float32Array>> {
  await trainer.withState(() => {});
  const { average, model, optimizer } = trainer.parts;
  const arenas = {
    ...optimizer.arenas,
    weights: model.parameters.values,
    average: average!.values ?? new Float32Array(),
  };
  return Object.fromEntries(Object.entries(arenas).map(([name, arena]) => [name, arena.slice()]));
}

/** Starts updates of one or more micro-batches each, without reading any report. */
async function start(trainer: Trainer, updates: readonly (readonly TranslationBatch[])[]): Promise<StartedUpdate[]> {
  const started: StartedUpdate[] = [];
  for (const microBatches of updates) started.push(await trainer.startUpdate(microBatches, 1));
  return started;
}

const batches = goldenBatches(12, 80);
const singles = batches.map((batch) => [batch]);
const pairs = Array.from({ length: 6 }, (_, pair) => batches.slice(2 * pair, 2 * pair + 2));

describe('updates on cuda that the host does not wait for', () => {
  it.each([
    { title: 'one batch per update', updates: singles.slice(0, 4) },
    { title: 'two micro-batches per update', updates: pairs.slice(0, 3) },
  ])('end as updates that are read one by one, with $title', async ({ updates }) => {
    const [one, late, host] = [await makeTrainer('cuda'), await makeTrainer('cuda'), await makeTrainer('cpu')];
    const expected = [];
    for (const microBatches of updates) expected.push({ ...(await one.step(microBatches, 1)), seconds: 0 });
    const { downloads } = backend().statistics;
    const started = await start(late, updates);
    expect(late.updates).toBe(updates.length);
    expect(backend().statistics.downloads).toBe(downloads); // no kernel has asked for values
    expect(started.map(({ isReported }) => isReported)).toEqual(updates.map(() => false));
    const reports = [];
    for (const update of started) reports.push({ ...(await update.report()), seconds: 0 });
    expect(reports).toEqual(expected);
    expect(reports.map(({ metrics }) => metrics!.rows!.sum)).toEqual(reports.map(({ tokens }) => tokens));
    expect(await stateOf(late)).toEqual(await stateOf(one));
    for (const [index, microBatches] of updates.entries()) {
      const { loss, gradientNorm } = await host.step(microBatches, 1);
      expect(reports[index]!.loss / loss).toBeCloseTo(1, 4);
      expect(reports[index]!.gradientNorm / gradientNorm).toBeCloseTo(1, 3);
    }
    for (const trainer of [one, late, host]) trainer.dispose();
  });

  it('report an update before the following ones are computed', async () => {
    const trainer = await makeTrainer('cuda');
    const [first, second] = await start(trainer, singles.slice(0, 2));
    await first!.report();
    expect(second!.isReported).toBe(false);
    second!.discard();
    trainer.dispose();
  });

  it('take the time that passes, each its part', async () => {
    const trainer = await makeTrainer('cuda');
    const begin = performance.now();
    const started = await start(trainer, singles.slice(0, 3));
    let sum = 0;
    for (const update of started) {
      expect(update.isReported).toBe(false); // here the emulated GPU computes
      sum += (await update.report()).seconds;
    }
    const seconds = (performance.now() - begin) / 1000;
    expect(sum).toBeLessThanOrEqual(seconds);
    expect(sum).toBeGreaterThan(0.9 * seconds);
    trainer.dispose();
  });

  it.each<{ readonly failure: Failure; readonly at: number }>([
    { failure: 'a loss of NaN', at: 1 },
    { failure: 'a loss of NaN', at: 3 },
    { failure: 'an infinite loss', at: 2 },
    { failure: 'a gradient that overflows', at: 3 },
  ])('change nothing from an update with $failure on, here update $at', async ({ failure, at }) => {
    const undisturbed = await makeTrainer('cuda');
    for (const microBatches of singles.slice(0, at - 1)) await undisturbed.step(microBatches, 1);
    const before = await stateOf(undisturbed);
    const trainer = await makeTrainer('cuda', failingAt([at], failure));
    const started = await start(trainer, singles.slice(0, at + 2));
    for (const update of started.slice(0, at - 1)) await update.report();
    const failed = await started[at - 1]!.report().catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(UserError);
    const what = failure === 'a gradient that overflows' ? 'gradient norm' : 'loss';
    const named = [...batches[at - 1]!.ids].join(', ');
    expect(String(failed)).toMatch(
      new RegExp(`the ${what} is (NaN|Infinity) in update ${at} \\(epoch 1\\), training sentences ${named} \\(`),
    );
    expect(await stateOf(trainer)).toEqual(before);
    expect([trainer.updates, trainer.optimizerSteps]).toEqual([at - 1, at - 1]);
    for (const update of started.slice(at)) await expect(update.report()).rejects.toBe(failed);
    // A caller may go on.
    for (const each of [trainer, undisturbed]) await each.step(singles[0]!, 1);
    expect(await stateOf(trainer)).toEqual(await stateOf(undisturbed));
    for (const each of [trainer, undisturbed]) each.dispose();
  });

  it('name the sentences of the micro-batch whose loss is not finite', async () => {
    const trainer = await makeTrainer('cuda', failingAt([4], 'a loss of NaN'));
    const started = await start(trainer, pairs.slice(0, 3));
    await started[0]!.report();
    const named = [...batches[3]!.ids].join(', ');
    await expect(started[1]!.report()).rejects.toThrow(`in update 2 (epoch 1), training sentences ${named} (counted`);
    started[2]!.discard();
    trainer.dispose();
  });

  it('use the same memory and events again', async () => {
    const before = { ...tf.memory(), ...{ inUse: backend().poolBytes.inUse } };
    const trainer = await makeTrainer('cuda', failingAt([17], 'a loss of NaN'));
    const used: object[] = [];
    const measure = (): void => {
      const { driver, poolBytes } = backend();
      const event = driver.recordEvent();
      driver.releaseEvent({ event });
      used.push({ inUse: poolBytes.inUse, tensors: tf.memory().numTensors, event, downloads: idleDownloads() });
    };
    for (let round = 0; round < 4; round++) {
      for (const update of await start(trainer, [singles[0]!, singles[1]!, singles[0]!, singles[1]!]))
        await update.report();
      measure();
    }
    expect(used.slice(1)).toEqual(used.slice(1).map(() => used[1]));
    const started = await start(trainer, singles.slice(0, 3));
    await expect(started[0]!.report()).rejects.toThrow('in update 17');
    for (const update of started.slice(1)) update.discard();
    trainer.dispose();
    expect(backend().poolBytes.inUse).toBe(before.inUse);
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(idleDownloads()).toEqual(IDLE);
  });
});

/** Trains the toy model by `train`. Reports arrive as late as `train` allows. @returns what it logs, without times */
async function trainOn(
  device: 'cpu' | 'cuda',
  saveDir: string,
  values: OptionValues = {},
  rest: Partial<TrainRequest> = {},
): Promise<string[]> {
  const opened = await openDevice(device, { threads: null });
  const options = { maxEpoch: 2, storeEma: true, emaDecay: 0.9, ...values, saveDir: join(folder, saveDir) };
  const request = toyRequest(data, options, { device: opened, kernels: opened.arenaKernels, ...rest });
  const first = recorded.events.length;
  try {
    await train(request);
  } catch (error) {
    log.message(`failed: ${String(error)}`);
  }
  const timed = new Set(['wps', 'ups', 'train_wall', 'wall']);
  return recorded.events.slice(first).flatMap(({ kind, fields }) => {
    if (kind !== 'train_inner' && kind !== 'progress' && kind !== 'valid' && kind !== 'train') {
      return kind === 'message' && String(fields.message).startsWith('failed') ? [String(fields.message)] : [];
    }
    const { stats, ...others } = fields as { stats: [string, string][] };
    return [JSON.stringify([kind, others, stats.filter(([name]) => !timed.has(name))])];
  });
}

/** The criterion of a run that fails at some updates, of one batch each. */
function pluginsWith(criterion: () => Criterion): TrainRequest['plugins'] {
  const definition = defineCriterion({ name: 'failing', summary: '', options: {}, build: criterion });
  return { ...toyRequest(data, {}).plugins, criterion: definition as never };
}

/** Makes no report arrive before it is waited for. */
const reportLate = (): void => void vi.spyOn(LateUpdate.prototype, 'isReported', 'get').mockReturnValue(false);

const PROFILER = {
  start() {},
  end: () => ({ milliseconds: 1, kernels: [], pool: { mostInUse: 0, reserved: 0 }, cachedPrimitives: 0 }),
};

describe('train on cuda', () => {
  it.each([
    { title: 'an epoch at a time', values: {} },
    { title: '--update-freq 3', values: { updateFreq: [3] } },
    { title: '--save-interval-updates', values: { saveIntervalUpdates: 3, logInterval: 5 } },
    { title: '--max-update', values: { maxUpdate: 7 } },
    { title: '--validate-interval-updates', values: { maxEpoch: 1, validateIntervalUpdates: 4, logInterval: 3 } },
    { title: 'epochs that end without saving', values: { maxEpoch: 3, disableValidation: true, saveInterval: 3 } },
    { title: 'saving only', values: { maxEpoch: 1, disableValidation: true, saveIntervalUpdates: 4 } },
  ])('logs the lines of cpu and saves checkpoints close to its own, with $title', async ({ title, values }) => {
    reportLate();
    const onHost = await trainOn('cpu', `cpu ${title}`, values);
    const onDevice = await trainOn('cuda', `cuda ${title}`, values);
    expect(onHost.length).toBeGreaterThan(6);
    expect(onDevice).toEqual(onHost);
    const last = (device: string): string => join(folder, `${device} ${title}`, 'checkpoint_last');
    const { names, difference } = compareCheckpoints(last('cpu'), last('cuda'));
    expect(names).toBe(true);
    expect(difference).toBeLessThan(1e-4);
    // With a profiler every report is read at once.
    await trainOn('cuda', `read at once ${title}`, values, { profiler: PROFILER });
    const [late, atOnce] = [`cuda ${title}`, `read at once ${title}`].map((name) => join(folder, name));
    const saved = listCheckpoints(late!);
    expect(listCheckpoints(atOnce!)).toEqual(saved);
    expect(saved.filter((name) => !bytesOf(late!, name).equals(bytesOf(atOnce!, name)))).toEqual([]);
  });

  it.each([1, 3, 4])(
    'ends bit for bit like an undisturbed run if it is interrupted after %i reports',
    async (reports) => {
      reportLate();
      const saveDir = `interrupted ${reports}`;
      const controller = new AbortController();
      let seen = 0;
      const detach = log.attach(({ kind }) => {
        if (kind === 'progress' && ++seen >= reports) controller.abort();
      });
      const lines = await trainOn('cuda', saveDir, {}, { signal: controller.signal });
      detach();
      expect(lines.length).toBeLessThan(20);
      const { updates, meters } = loadMetadata(join(folder, saveDir, 'checkpoint_last')).training!;
      expect(updates).toBeGreaterThan(reports); // later updates were started
      expect(meters).toMatchObject({ train: { wpb: [expect.anything(), expect.anything(), updates] } }); // and counted
      await trainOn('cuda', saveDir);
      if (!existsSync(join(folder, 'whole'))) await trainOn('cuda', 'whole');
      const [whole, interrupted] = ['whole', saveDir].map((name) => bytesOf(join(folder, name), 'checkpoint_last'));
      expect(interrupted!.equals(whole!)).toBe(true);
    },
  );

  it.each(Object.keys(failures) as Failure[])(
    'ends after %s as cpu does, and saves nothing after it, although later updates were started',
    async (failure) => {
      reportLate();
      const run = (device: 'cpu' | 'cuda') => {
        const values = { saveIntervalUpdates: 3, disableValidation: true };
        const rest = { plugins: pluginsWith(() => failingAt([4], failure)), logInterval: 1 };
        return trainOn(device, `${device} ${failure}`, values, rest);
      };
      const onHost = await run('cpu');
      expect(onHost.at(-1)).toMatch(/^failed: .* in update 4 /);
      expect(await run('cuda')).toEqual(onHost);
      const last = (device: string): string => join(folder, `${device} ${failure}`, 'checkpoint_last');
      const { difference } = compareCheckpoints(last('cpu'), last('cuda'));
      expect(difference).toBeLessThan(1e-4);
      expect(backend().poolBytes.inUse).toBe(0);
      expect(idleDownloads()).toEqual(IDLE);
    },
  );

  it.each([
    { title: 'after updates that were finite', failing: [] as number[], message: /^failed: Error: broken$/ },
    { title: 'after one that was not finite', failing: [4], message: /^failed: .*the loss is NaN in update 4 / },
  ])('reports the first error if the criterion throws $title', async ({ failing, message }) => {
    reportLate();
    const criterion = (): Criterion => {
      const { forward, paddingRows } = failingAt(failing, 'a loss of NaN');
      let count = 0;
      return {
        paddingRows,
        forward(input) {
          count += 1;
          if (count === 6) throw new Error('broken');
          return forward(input);
        },
      };
    };
    const run = (device: 'cpu' | 'cuda') =>
      trainOn(device, `${device} broken`, { noSave: true }, { plugins: pluginsWith(criterion), logInterval: 1 });
    const onHost = await run('cpu');
    expect(onHost.at(-1)).toMatch(message);
    expect(await run('cuda')).toEqual(onHost);
    expect(idleDownloads()).toEqual(IDLE);
  });

  it.each([
    { title: 'starts five updates before it reads the first report', rest: {}, reportsAtStart: [0, 0, 0, 0, 0, 1, 2] },
    {
      title: 'reads each report at once with --profile',
      rest: { profiler: PROFILER },
      reportsAtStart: [0, 1, 2, 3, 4],
    },
  ])('$title', async ({ title, rest, reportsAtStart }) => {
    reportLate();
    const started: number[] = [];
    const { startUpdate } = Trainer.prototype;
    vi.spyOn(Trainer.prototype, 'startUpdate').mockImplementation(function (this: Trainer, ...args) {
      started.push(recorded.events.filter(({ kind }) => kind === 'progress').length);
      return startUpdate.apply(this, args);
    });
    await trainOn('cuda', title, { maxEpoch: 1, disableValidation: true }, rest);
    expect(started.slice(0, reportsAtStart.length)).toEqual(reportsAtStart);
  });
});
