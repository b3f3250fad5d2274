import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { averageCheckpoints } from '../../src/checkpoint/average.js';
import { loadCheckpoint, loadMetadata, saveCheckpoint } from '../../src/checkpoint/checkpoint.js';
import { listCheckpoints } from '../../src/checkpoint/checkpoint-path.js';
import type { Checkpoint } from '../../src/checkpoint/stored-checkpoint.js';
import { UserError } from '../../src/errors.js';
import { log } from '../../src/log.js';
import { train } from '../../src/training/train.js';
import { saveAsFairseq } from '../helpers/fairseq-file.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { bytesOf, recordLog } from './observe.js';
import { makeToyData } from './toy-data.js';
import { toyRequest } from './toy-request.js';

const folder = temporaryFolder();
const data = await makeToyData(folder);
const recorded = recordLog();

/** Options that make a checkpoint record everything: dropout, an uneven --update-freq, patience, best values. */
const options = { maxEpoch: 3, updateFreq: [3], keepBestCheckpoints: 2, patience: 5, saveIntervalUpdates: 2 };

/** Trains and interrupts the run, as SIGINT does, after N updates. */
async function trainAndInterrupt(saveDir: string, updates: number): Promise<void> {
  const controller = new AbortController();
  const detach = log.attach(({ kind }) => {
    if (kind === 'progress' && ++seen >= updates) controller.abort();
  });
  let seen = 0;
  await train(toyRequest(data, { ...options, saveDir }, { signal: controller.signal }));
  detach();
}

beforeAll(async () => {
  await tf.setBackend('cpu');
  await train(toyRequest(data, { ...options, saveDir: join(folder, 'whole') }));
});

/** A copy of the whole run, with a function that lists its best checkpoints, of which there are two. */
function copyOfWhole(name: string) {
  const saveDir = join(folder, name);
  cpSync(join(folder, 'whole'), saveDir, { recursive: true });
  const best = (): string[] => listCheckpoints(saveDir).filter((one) => one.startsWith('checkpoint.best_'));
  const kept = best();
  expect(kept.length).toBe(2);
  return { saveDir, best, kept };
}

describe('a resumed run', () => {
  it('saves a best checkpoint again, and only once, if the run was killed before it saved checkpoint_last', async () => {
    const [whole, killed] = [join(folder, 'whole-best'), join(folder, 'killed-best')];
    await train(toyRequest(data, { ...options, maxUpdate: 2, saveDir: whole }));
    const best = listCheckpoints(whole).filter((name) => name.includes('.best_'));
    expect(best).toHaveLength(1);
    mkdirSync(killed);
    cpSync(join(whole, `${best[0]}.safetensors`), join(killed, `${best[0]}.safetensors`));
    await train(toyRequest(data, { ...options, maxUpdate: 2, saveDir: killed }));
    expect(listCheckpoints(killed)).toEqual(listCheckpoints(whole));
    await train(toyRequest(data, { ...options, maxUpdate: 2, saveDir: killed })); // nothing is left to do
    expect(listCheckpoints(killed)).toEqual(listCheckpoints(whole));
  });

  it('keeps the best checkpoints of another run', async () => {
    const { saveDir, best, kept } = copyOfWhole('other-best');
    const elsewhere = join(folder, 'elsewhere');
    await train(toyRequest(data, { ...options, saveDir: elsewhere, maxUpdate: 1 }));
    const start = { ...options, saveDir, maxUpdate: 2, keepBestCheckpoints: 9 };
    await train(toyRequest(data, { ...start, restoreFile: join(elsewhere, 'checkpoint_last') }));
    expect(best()).toEqual(expect.arrayContaining(kept));
    await train(toyRequest(data, { ...start, maxUpdate: 1, resetOptimizer: true, resetDataloader: true }));
    expect(best()).toEqual(expect.arrayContaining(kept));
    await train(toyRequest(data, { ...start, maxUpdate: 4, keepBestCheckpoints: -1 }));
    expect(best()).toEqual(expect.arrayContaining(kept));
  });

  it('is refused in the middle of an epoch that now has fewer batches, unless it repeats the epoch', async () => {
    const saveDir = join(folder, 'fewer-batches');
    await train(toyRequest(data, { saveDir, maxUpdate: 6 }));
    const fewer = { saveDir, maxTokens: 1000, maxUpdate: 8 };
    await expect(train(toyRequest(data, fewer))).rejects.toThrow(
      /^training resumes after batch 6 of epoch 1, which now has only \d; give the same data and batch sizes as before, or/,
    );
    await train(toyRequest(data, { ...fewer, resetDataloader: true }));
  });

  it('removes later best checkpoints at its first save, not before, and logs it', async () => {
    const { saveDir, best, kept } = copyOfWhole('later-best');
    const start = { ...options, saveDir, restoreFile: join(saveDir, 'checkpoint_1_2'), keepBestCheckpoints: 9 };
    await expect(train(toyRequest(data, { ...start, numShards: 1000, shardId: 999 }))).rejects.toThrow(/no batch/);
    expect(best()).toEqual(kept);
    await train(toyRequest(data, { ...start, noSave: true, maxUpdate: 3 }));
    expect(best()).toEqual(kept);
    await train(toyRequest(data, { ...start, maxUpdate: 3 }));
    const updates = best().map((name) => loadMetadata(join(saveDir, name)).training!.updates);
    expect(updates).toEqual([3]);
    const removed = recorded.messages().find((message) => message.startsWith('removed'));
    expect(removed).toMatch(
      /^removed .*later-best\/checkpoint\.best_loss_.*: saved after the checkpoint that training/,
    );
  });

  it.each([1, 3, 4, 6])('ends bit for bit like one that was not interrupted after %i steps', async (updates) => {
    const saveDir = join(folder, `interrupted-${updates}`);
    await trainAndInterrupt(saveDir, updates);
    expect(recorded.messages().at(-1)).toContain('interrupted');
    expect(loadMetadata(join(saveDir, 'checkpoint_last')).training!.epoch).toBeLessThan(3);
    await train(toyRequest(data, { ...options, saveDir }));
    const names = listCheckpoints(join(folder, 'whole'));
    expect(listCheckpoints(saveDir)).toEqual(names);
    const differing = names.filter((name) => !bytesOf(saveDir, name).equals(bytesOf(join(folder, 'whole'), name)));
    expect(differing).toEqual([]);
  });

  it('resumes from an older checkpoint if the newer ones are lost, with the same result', async () => {
    const saveDir = join(folder, 'older');
    cpSync(join(folder, 'whole'), saveDir, { recursive: true });
    cpSync(join(saveDir, 'checkpoint1.safetensors'), join(saveDir, 'checkpoint_last.safetensors'));
    await train(toyRequest(data, { ...options, saveDir }));
    expect(bytesOf(saveDir, 'checkpoint3').equals(bytesOf(join(folder, 'whole'), 'checkpoint3'))).toBe(true);
    expect(listCheckpoints(saveDir)).toEqual(listCheckpoints(join(folder, 'whole')));
  });

  it.each([
    ['that convert wrote', (path: string, checkpoint: Checkpoint) => saveCheckpoint(path, checkpoint)],
    ['with only the data of fairseq', saveAsFairseq],
  ])('resumes within an epoch from a .pt %s, with the same result', async (what, save) => {
    const saveDir = join(folder, what);
    const restoreFile = join(folder, `${what}.pt`);
    save(restoreFile, loadCheckpoint(join(folder, 'whole', 'checkpoint_1_2'), { optimizer: true }));
    await train(toyRequest(data, { ...options, saveDir, restoreFile }));
    const [ours, whole] = [saveDir, join(folder, 'whole')].map((run) =>
      loadCheckpoint(join(run, 'checkpoint3'), { optimizer: true }),
    );
    expect(ours).toEqual(whole);
  });

  it('starts from the weights of a .pt with --finetune-from-model', async () => {
    const checkpoint = loadCheckpoint(join(folder, 'whole', 'checkpoint3'), { optimizer: true });
    const finetuneFromModel = saveAsFairseq(join(folder, 'start.pt'), checkpoint);
    const saveDir = join(folder, 'finetuned');
    await train(toyRequest(data, { ...options, saveDir, finetuneFromModel, maxUpdate: 1, lr: [0] }));
    expect(recorded.messages()).toContain(`starting from the weights of ${finetuneFromModel}`);
    const { weights } = loadCheckpoint(join(saveDir, 'checkpoint_last'), { optimizer: false });
    expect(weights).toEqual(checkpoint.weights);
  });

  it('continues the metrics of the interrupted log interval', async () => {
    const saveDir = join(folder, 'interval');
    const figuresAt4 = async (values: { maxUpdate: number }, dir: string): Promise<unknown> => {
      recorded.events.length = 0;
      await train(toyRequest(data, { saveDir: dir, clipNorm: 1, ...values }, { logInterval: 4 }));
      const [event] = recorded.stats('train_inner');
      return event?.stats.filter(([name]) => ['loss', 'nll_loss', 'wpb', 'bsz', 'gnorm'].includes(name));
    };
    const whole = await figuresAt4({ maxUpdate: 4 }, join(folder, 'interval-whole'));
    expect(await figuresAt4({ maxUpdate: 3 }, saveDir)).toBeUndefined();
    expect(await figuresAt4({ maxUpdate: 4 }, saveDir)).toEqual(whole);
    expect(whole).toHaveLength(5);
  });

  it('resets the optimizer and the updates with --reset-optimizer', async () => {
    const saveDir = join(folder, 'reset');
    cpSync(join(folder, 'whole'), saveDir, { recursive: true });
    await train(toyRequest(data, { ...options, saveDir, maxEpoch: 4, resetOptimizer: true, maxUpdate: 1 }));
    expect(loadMetadata(join(saveDir, 'checkpoint_last')).training).toMatchObject({ updates: 1, epoch: 4 });
  });

  it('starts at epoch 1 with --reset-dataloader', async () => {
    const saveDir = join(folder, 'reset-data');
    cpSync(join(folder, 'whole'), saveDir, { recursive: true });
    const { updates } = loadMetadata(join(saveDir, 'checkpoint_last')).training!;
    await train(toyRequest(data, { ...options, saveDir, resetDataloader: true, maxUpdate: updates + 1 }));
    expect(loadMetadata(join(saveDir, 'checkpoint_last')).training).toMatchObject({ updates: updates + 1, epoch: 1 });
  });
});

describe('training refuses', () => {
  const whole = join(folder, 'whole', 'checkpoint_last');
  const other = (name: string): string => {
    const path = join(folder, name);
    mkdirSync(path, { recursive: true });
    return path;
  };

  it.each([
    {
      what: 'neither --max-tokens nor --batch-size',
      values: { maxTokens: null },
      message: /add --max-tokens or --batch-size/,
    },
    {
      what: 'an --update-freq of 0',
      values: { updateFreq: [0] },
      message: /--update-freq 0 is not valid; give integers of at least 1/,
    },
    {
      what: 'bleu as the metric without --eval-bleu',
      values: { bestCheckpointMetric: 'bleu' },
      message: /add --eval-bleu/,
    },
    {
      what: 'a sentence longer than --max-tokens',
      values: { maxTokens: 7 },
      message: /has 8 tokens including <\/s>, more than --max-tokens 7/,
    },
    {
      what: 'a sentence longer than the position table',
      values: { maxTargetPositions: 6 },
      message:
        /the target of valid sentence \d+ \(line \d+\) has \d tokens including <\/s>, more than --max-target-positions 6/,
    },
    {
      what: 'training data of which every sentence is skipped',
      values: { maxTokens: 1, maxTokensValid: 99, skipInvalidSizeInputsValidTest: true },
      message: /the split 'train' has no sentence that is short enough: all 40 are longer/,
    },
    {
      what: 'validation data of which every sentence is skipped',
      values: { maxTokensValid: 1, skipInvalidSizeInputsValidTest: true },
      message: /the split 'valid' has no sentence that is short enough: all 8 are longer/,
    },
    {
      what: 'another architecture than the checkpoint’s',
      values: { restoreFile: whole, embedDim: 6 },
      message: /checkpoint_last was trained with --embed-dim 4, not 6/,
    },
    {
      what: 'another number of heads, which fits every shape',
      values: { restoreFile: whole, heads: 2 },
      message: /checkpoint_last was trained with --heads 1, not 2/,
    },
    {
      what: '--restore-file with --finetune-from-model',
      values: { restoreFile: whole, finetuneFromModel: whole },
      message: /give one of them/,
    },
    {
      what: '--finetune-from-model with an option that resets what it does not take',
      values: { finetuneFromModel: whole, resetMeters: true },
      message: /--reset-meters and --finetune-from-model cannot be combined/,
    },
    {
      what: 'a --restore-file that is missing',
      values: { restoreFile: 'nowhere/x' },
      message: /the checkpoint nowhere\/x does not exist/,
    },
    {
      what: 'an unknown search option',
      values: { evalBleu: true, evalBleuArgs: '{"beem": 4}' },
      message: /mean 'beam'/,
    },
    {
      what: 'search options that are not valid JSON',
      values: { evalBleu: true, evalBleuArgs: 'beam=4' },
      message: /not valid JSON/,
    },
  ])('$what', async ({ values, message }) => {
    const failure = train(toyRequest(data, { saveDir: join(folder, 'refused'), maxUpdate: 1, ...values }));
    await expect(failure).rejects.toThrow(UserError);
    await expect(failure).rejects.toThrow(message);
  });

  it('a data folder that does not exist', async () => {
    const request = toyRequest(join(folder, 'nowhere'), { saveDir: join(folder, 'refused') });
    await expect(train(request)).rejects.toThrow(/data folder .*nowhere cannot be read/);
  });

  it('a save folder that cannot be created', async () => {
    writeFileSync(join(folder, 'file'), '');
    const request = toyRequest(data, { saveDir: join(folder, 'file', 'checkpoints') });
    await expect(train(request)).rejects.toThrow(/cannot write .*file\/checkpoints/);
  });

  it('a checkpoint of other dictionaries, naming the language', async () => {
    const otherData = await makeToyData(other('other-words'), ' z');
    const request = toyRequest(otherData, { ...options, saveDir: join(folder, 'refused'), restoreFile: whole });
    await expect(train(request)).rejects.toThrow(/checkpoint_last was trained with another dictionary of 'xx'/);
  });

  it('to resume from an average, and says how to start from it', async () => {
    const averaged = join(folder, 'averaged');
    averageCheckpoints([whole], averaged);
    const request = toyRequest(data, { ...options, saveDir: join(folder, 'refused'), restoreFile: averaged });
    await expect(train(request)).rejects.toThrow(/contains only weights.*--finetune-from-model/);
  });

  it('a checkpoint without the optimizer’s state, and says how to resume', async () => {
    const saveDir = join(folder, 'no-state');
    await train(toyRequest(data, { saveDir, maxEpoch: 1, noSaveOptimizerState: true }));
    await expect(train(toyRequest(data, { saveDir, maxEpoch: 2 }))).rejects.toThrow(/--reset-optimizer/);
    rmSync(saveDir, { recursive: true });
  });
});

it('--skip-invalid-size-inputs-valid-test skips sentences that are too long and logs their number', async () => {
  const saveDir = join(folder, 'skipping');
  await train(toyRequest(data, { saveDir, maxTokens: 7, maxUpdate: 1, skipInvalidSizeInputsValidTest: true }));
  expect(recorded.messages()).toContainEqual(
    expect.stringMatching(/^train: 40 sentences, \d+ batches; skipped \d+ that are too long$/),
  );
});

it('several data folders take turns by epoch', async () => {
  const shard = join(folder, 'shard');
  cpSync(data, shard, { recursive: true });
  const saveDir = join(folder, 'sharded');
  await train(toyRequest(`${data}:${shard}`, { saveDir, maxEpoch: 3 }));
  expect(recorded.messages().filter((message) => message.startsWith('train: 40 sentences'))).toHaveLength(3);
});

describe('two runs in one folder', () => {
  it('the second is refused while the first trains, and does not touch its files', async () => {
    const saveDir = join(folder, 'shared');
    const request = toyRequest(data, { ...options, saveDir });
    const refusals: unknown[] = [];
    const detach = log.attach(({ kind }) => {
      if (kind !== 'progress' || refusals.length > 0) return;
      writeFileSync(join(saveDir, 'checkpoint1.safetensors.unfinished'), '');
      refusals.push(train(request).catch((error: unknown) => error));
    });
    await train(request);
    detach();
    const refusal = await refusals[0];
    expect(refusal).toBeInstanceOf(UserError);
    expect(String(refusal)).toContain(`another run is writing to ${saveDir} (process ${process.pid} on host`);
    expect(listCheckpoints(saveDir)).toEqual(listCheckpoints(join(folder, 'whole')));
    await train(request);
    expect(recorded.messages().at(-1)).toContain('3 epochs are done');
  });

  it('a run with --no-save trains at the same time as another', async () => {
    const saveDir = join(folder, 'beside');
    let beside: Promise<void> | null = null;
    const detach = log.attach(({ kind }) => {
      if (kind === 'progress') beside ??= train(toyRequest(data, { saveDir, maxUpdate: 1, noSave: true }));
    });
    await train(toyRequest(data, { saveDir, maxUpdate: 2 }));
    detach();
    await expect(beside).resolves.toBeUndefined();
  });

  it('a failed start leaves neither a lock nor a folder', async () => {
    const saveDir = join(folder, 'fails', 'early');
    await expect(train(toyRequest(join(folder, 'nowhere'), { saveDir }))).rejects.toThrow(/cannot be read/);
    expect(existsSync(join(folder, 'fails'))).toBe(false);
  });
});
