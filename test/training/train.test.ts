import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadCheckpoint, loadMetadata } from '../../src/checkpoint/checkpoint.js';
import { listCheckpoints } from '../../src/checkpoint/checkpoint-path.js';
import { howToResume, train } from '../../src/training/train.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { bytesOf, recordLog } from './observe.js';
import { makeToyData } from './toy-data.js';
import { toyRequest } from './toy-request.js';

const folder = temporaryFolder();
const data = await makeToyData(folder);
const recorded = recordLog();
const statOf = (stats: readonly (readonly [string, string])[], name: string): string | undefined =>
  stats.find(([key]) => key === name)?.[1];

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('train', () => {
  it('saves no model that has diverged', async () => {
    const saveDir = join(folder, 'diverged');
    await train(toyRequest(data, { saveDir, maxUpdate: 1 }));
    const diverging = { saveDir, maxUpdate: 2, lr: [1e38], warmupUpdates: 1, saveIntervalUpdates: 1 };
    await expect(train(toyRequest(data, diverging))).rejects.toThrow(
      /^the loss on 'valid' is (NaN|Infinity) after 2 updates \(epoch 1\); lower --lr.*the last checkpoint is unchanged$/,
    );
    expect(loadMetadata(join(saveDir, 'checkpoint_last')).training!.updates).toBe(1);
  });

  it.each([
    [{}, 'run the same command to resume'],
    [{ noSave: true }, 'nothing was saved (--no-save)'],
    [{ noLastCheckpoints: true }, 'checkpoint_last was not saved (--no-last-checkpoints)'],
    [{ noSaveOptimizerState: true }, 'checkpoint_last has no state of the optimizer (--no-save-optimizer-state)'],
    [
      { restoreFile: 'other/checkpoint5', resetMeters: true, resetDataloader: true },
      'run the same command without --restore-file, --reset-meters, --reset-dataloader to resume',
    ],
  ])('interrupted with %j says what there is to resume from', (options, advice) => {
    expect(howToResume(toyRequest(data, options).options)).toContain(advice);
  });

  it('saves every epoch, the last and the best, logs in fairseq’s order and leaves no tensor behind', async () => {
    const saveDir = join(folder, 'plain');
    const tensors = tf.memory().numTensors;
    await train(toyRequest(data, { saveDir, maxEpoch: 2 }));
    expect(tf.memory().numTensors).toBe(tensors);
    expect(listCheckpoints(saveDir)).toEqual(['checkpoint1', 'checkpoint2', 'checkpoint_best', 'checkpoint_last']);
    const kinds = recorded.events.map(({ kind }) => kind).filter((kind) => kind !== 'message' && kind !== 'progress');
    const updates = recorded.stats('train_inner')[0]!.total!;
    const inner = new Array(Math.floor(updates / 2)).fill('train_inner');
    expect(kinds.slice(0, inner.length + 2)).toEqual([...inner, 'valid', 'train']);
    const [first, second] = recorded.stats('valid');
    expect(first!.stats.map(([name]) => name)).toEqual(['loss', 'nll_loss', 'ppl', 'wps', 'wpb', 'bsz', 'num_updates']);
    expect(second!.stats.at(-1)![0]).toBe('best_loss');
    expect(Number(statOf(second!.stats, 'loss'))).toBeLessThan(Number(statOf(first!.stats, 'loss')));
    expect(recorded.stats('train')[1]).toMatchObject({ tag: 'train', epoch: 2 });
    expect(recorded.stats('train_inner')[0]).toMatchObject({ epoch: 1, position: 2, total: updates });
  });

  it('records the options, the dictionaries and the machine, but not the folder of the run', () => {
    const metadata = loadMetadata(join(folder, 'plain', 'checkpoint_last'));
    expect(metadata).toMatchObject({
      version: 'test',
      task: 'translation',
      arch: 'toy',
      languages: { source: 'xx', target: 'yy' },
      machine: { device: 'plain', threads: 1, oneDnn: null },
      training: { epoch: 2, seed: 1, iterator: { epoch: 3, iterationsInEpoch: 0, shuffle: true } },
    });
    expect(metadata.options).toMatchObject({ maxTokens: 32, clipNorm: 1, dropout: 0.3 });
    expect(metadata.options).not.toHaveProperty('saveDir');
    expect(Object.keys(metadata.dictionaries)).toEqual(['xx', 'yy']);
  });

  it('writes the same bytes for the same seed, also with dropout, and others for another seed', async () => {
    const saveDirs = ['twice-a', 'twice-b', 'other-seed'].map((name) => join(folder, name));
    for (const [index, saveDir] of saveDirs.entries()) {
      await train(toyRequest(data, { saveDir, maxEpoch: 2, seed: index === 2 ? 2 : 1 }));
    }
    const [a, b, other] = saveDirs.map((saveDir) => bytesOf(saveDir, 'checkpoint_last'));
    expect(a!.equals(b!)).toBe(true);
    expect(a!.equals(other!)).toBe(false);
  });

  it('stops at --max-update within an epoch, validating and saving checkpoint_last', async () => {
    const saveDir = join(folder, 'max-update');
    await train(toyRequest(data, { saveDir, maxUpdate: 3 }));
    expect(listCheckpoints(saveDir)).toEqual(['checkpoint_best', 'checkpoint_last']);
    expect(loadMetadata(join(saveDir, 'checkpoint_last')).training!.updates).toBe(3);
    expect(recorded.messages().at(-1)).toContain('3 updates are done (--max-update 3)');
    await train(toyRequest(data, { saveDir, maxUpdate: 3 }));
    expect(recorded.messages().at(-1)).toContain('3 updates are done');
  });

  it('stops after --patience validations without a better value, and does not continue when started again', async () => {
    const request = toyRequest(data, {
      saveDir: join(folder, 'patience'),
      maxEpoch: 9,
      patience: 2,
      maximizeBestCheckpointMetric: true,
    });
    const { saveDir } = request.options;
    await train(request);
    const names = listCheckpoints(saveDir);
    const bytes = bytesOf(saveDir, 'checkpoint_last');
    await train(request);
    expect(listCheckpoints(saveDir)).toEqual(names);
    expect(bytesOf(saveDir, 'checkpoint_last').equals(bytes)).toBe(true);
    expect(loadMetadata(join(saveDir, 'checkpoint_last')).training).toMatchObject({
      epoch: 3,
      earlyStopping: { validationsSince: 2 },
    });
    expect(recorded.messages().at(-1)).toContain('no better loss in 2 validations (--patience)');
  });

  it('keeps the number of checkpoints in the options', async () => {
    const saveDir = join(folder, 'retention');
    await train(toyRequest(data, { saveDir, maxEpoch: 4, keepLastEpochs: 2, keepBestCheckpoints: 1 }));
    const names = listCheckpoints(saveDir);
    expect(names.filter((name) => name.startsWith('checkpoint.best_loss_'))).toHaveLength(1);
    expect(names.filter((name) => !name.startsWith('checkpoint.best_loss_'))).toEqual([
      'checkpoint3',
      'checkpoint4',
      'checkpoint_best',
      'checkpoint_last',
    ]);
  });

  it('saves and validates within an epoch with --save-interval-updates', async () => {
    const saveDir = join(folder, 'interval');
    await train(toyRequest(data, { saveDir, maxUpdate: 4, saveIntervalUpdates: 2, noEpochCheckpoints: true }));
    expect(listCheckpoints(saveDir)).toEqual([
      'checkpoint_1_2',
      'checkpoint_1_4',
      'checkpoint_best',
      'checkpoint_last',
    ]);
    expect(recorded.stats('valid')).toHaveLength(2);
  });

  it('uses the metric of the first of several --valid-subset splits', async () => {
    for (const language of ['xx', 'yy'])
      for (const extension of ['bin', 'idx'])
        cpSync(join(data, `train.xx-yy.${language}.${extension}`), join(data, `other.xx-yy.${language}.${extension}`));
    for (const validSubset of ['valid,other', 'other,valid']) {
      const saveDir = join(folder, validSubset);
      await train(toyRequest(data, { saveDir, maxUpdate: 2, validSubset }));
      const events = recorded.stats('valid').slice(-2);
      expect(events.map(({ subset }) => subset)).toEqual(validSubset.split(','));
      const [first, second] = events.map(({ stats }) => statOf(stats, 'loss'));
      expect(first).not.toBe(second);
      expect(String(loadMetadata(join(saveDir, 'checkpoint_best')).training!.bestMetric)).toBe(first);
    }
  });

  it('validates only on the first batches with --max-valid-steps', async () => {
    const saveDir = join(folder, 'max-valid-steps');
    await train(toyRequest(data, { saveDir, maxUpdate: 1, maxTokensValid: 16, maxValidSteps: 2 }));
    const validated = recorded.events
      .filter(({ kind, fields }) => kind === 'progress' && fields.label === "valid on 'valid'")
      .map(({ fields }) => [fields.position, fields.total]);
    expect(validated).toEqual([
      [1, 2],
      [2, 2],
    ]);
  });

  it('uses the --update-freq of the epoch', async () => {
    const saveDir = join(folder, 'update-freq');
    await train(toyRequest(data, { saveDir, maxEpoch: 3, updateFreq: [1, 3], noEpochCheckpoints: true }));
    const totals = recorded.stats('train').map(({ stats }) => Number(statOf(stats, 'num_updates')));
    const perEpoch = [totals[0]!, totals[1]! - totals[0]!, totals[2]! - totals[1]!];
    expect(perEpoch).toEqual([perEpoch[0], Math.ceil(perEpoch[0]! / 3), Math.ceil(perEpoch[0]! / 3)]);
  });

  it('writes nothing with --no-save', async () => {
    const saveDir = join(folder, 'no-save');
    await train(toyRequest(data, { saveDir, maxUpdate: 2, noSave: true }));
    expect(listCheckpoints(saveDir)).toEqual([]);
  });

  it('leaves the last checkpoint intact if the loss becomes NaN', async () => {
    const saveDir = join(folder, 'nan');
    mkdirSync(saveDir);
    await train(toyRequest(data, { saveDir, maxEpoch: 1 }));
    const before = bytesOf(saveDir, 'checkpoint_last');
    const request = toyRequest(data, { saveDir, maxEpoch: 2 });
    const failing = { ...request, options: { ...request.options, lr: [Number.NaN] } };
    await expect(train(failing)).rejects.toThrow(/is NaN in update \d+ \(epoch 2\), training sentences \d+/);
    expect(bytesOf(saveDir, 'checkpoint_last').equals(before)).toBe(true);
  });

  it('is refused if --ignore-prefix-size leaves no token in a split, and runs if one is left', async () => {
    const splits = { trainSubset: 'valid', validSubset: 'valid', noSave: true, maxUpdate: 1 };
    const run = (ignorePrefixSize: number) => train(toyRequest(data, { ...splits, ignorePrefixSize }));
    const refusal = await run(999).catch((error: unknown) => String(error));
    const [, longest] =
      /leaves no token in the split 'valid': its longest target has (\d+)/.exec(String(refusal)) ?? [];
    await expect(run(Number(longest))).rejects.toThrow(`--ignore-prefix-size ${longest} leaves no token`);
    await run(Number(longest) - 1);
    expect(
      Number(
        recorded
          .stats('train')
          .at(-1)!
          .stats.find(([name]) => name === 'loss')![1],
      ),
    ).toBeGreaterThan(0);
    const ofTraining = train(toyRequest(data, { noSave: true, disableValidation: true, ignorePrefixSize: 999 }));
    await expect(ofTraining).rejects.toThrow("leaves no token in the split 'train'");
  });

  it('starts from only the weights with --finetune-from-model', async () => {
    const saveDir = join(folder, 'finetune');
    const stem = join(folder, 'plain', 'checkpoint_last');
    await train(toyRequest(data, { saveDir, maxUpdate: 1, lr: [0], finetuneFromModel: stem }));
    const weights = (path: string): unknown =>
      [...loadCheckpoint(path, { optimizer: false }).weights].map(([name, { data }]) => [
        name,
        [...(data as Float32Array)],
      ]);
    expect(weights(join(saveDir, 'checkpoint_last'))).toEqual(weights(stem));
    expect(loadMetadata(join(saveDir, 'checkpoint_last')).training).toMatchObject({ updates: 1, epoch: 1 });
  });
});
