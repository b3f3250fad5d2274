import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { beforeAll, describe, expect, it } from 'vitest';
import { saveReferenceCheckpoint } from '../helpers/reference-checkpoint.js';
import { goldenData, referenceTask } from '../helpers/reference-model.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const root = new URL('../../', import.meta.url).href;
const folder = temporaryFolder();
const path = join(folder, 'trained');
const dictionaries = join(folder, 'dictionaries');

beforeAll(() => {
  mkdirSync(dictionaries);
  for (const language of ['de', 'en'])
    cpSync(join(goldenData, `dict.${language}.txt`), join(dictionaries, `dict.${language}.txt`));
  saveReferenceCheckpoint(path, 'trained');
});

const task = referenceTask();
const split = task.loadSplit('test');
const lines = Array.from({ length: split.length }, (_, id) => task.sourceDictionary.string(split.pair(id).source));

/** The job of a worker: to translate the lines repeatedly, or to train. */
type Job =
  | { readonly kind: 'translate'; readonly precision: 'float32' | 'int8'; readonly rounds: number }
  | { readonly kind: 'train'; readonly args: readonly string[] };

const PROGRAM = `
const { parentPort, workerData } = require('node:worker_threads');
const { root, job, path, data, lines } = workerData;
(async () => {
  if (job.kind === 'train') {
    const { main } = await import(root + 'dist/src/cli/main.js');
    return parentPort.postMessage(await main(['train', ...job.args]));
  }
  const { Translator } = await import(root + 'dist/src/index.js');
  const translator = await Translator.load({ path, data, device: 'cpu', threads: 2, precision: job.precision, beam: 4, inline: true });
  const answers = new Set();
  for (let round = 0; round < job.rounds; round++) answers.add(JSON.stringify(await translator.translate(lines)));
  translator.dispose();
  parentPort.postMessage([...answers]);
})();
`;

/** The answer of a worker, after it has ended. */
async function work(job: Job): Promise<unknown> {
  const workerData = { root, job, path, data: dictionaries, lines };
  const worker = new Worker(PROGRAM, { eval: true, workerData, stdout: true, stderr: true });
  const answers: unknown[] = [];
  worker.on('message', (answer) => answers.push(answer));
  await new Promise((resolve, reject) => worker.on('exit', resolve).on('error', reject));
  return answers[0];
}

const translations = (precision: 'float32' | 'int8', rounds: number): Job => ({ kind: 'translate', precision, rounds });

/** A short training on two threads. */
const training = (saveDir: string, seed: number): Job => ({
  kind: 'train',
  args: [
    ...[goldenData, '--save-dir', saveDir, '--seed', String(seed), '--threads', '2', '--device', 'cpu'],
    ...['--arch', 'transformer', '--encoder-embed-dim', '64', '--encoder-ffn-embed-dim', '128', '--max-update', '12'],
    ...['--encoder-layers', '1', '--decoder-layers', '1', '--encoder-attention-heads', '2', '--max-tokens', '500'],
    ...['--decoder-attention-heads', '2', '--decoder-embed-dim', '64', '--decoder-ffn-embed-dim', '128'],
    ...['--lr', '1e-3', '--disable-validation', '--log-format', 'none', '--criterion', 'encouraging'],
  ],
});

/** A hash of the weights and the optimizer's state. */
function digest(saveDir: string): string {
  const bytes = readFileSync(join(saveDir, 'checkpoint_last.safetensors'));
  return createHash('sha256')
    .update(bytes.subarray(8 + Number(bytes.readBigUInt64LE())))
    .digest('hex');
}

describe('worker threads', () => {
  it('train and translate concurrently with the same bits as alone', async () => {
    const [float32, int8] = [await work(translations('float32', 1)), await work(translations('int8', 1))];
    expect(float32).toHaveLength(1);
    expect(int8).not.toEqual(float32);
    for (const seed of [1, 2]) expect(await work(training(join(folder, `alone${seed}`), seed))).toBe(0);
    const together = [
      ...[translations('float32', 12), translations('int8', 12)],
      ...[training(join(folder, 'together1'), 1), training(join(folder, 'together2'), 2)],
    ];
    expect(await Promise.all(together.map(work))).toEqual([float32, int8, 0, 0]);
    for (const seed of [1, 2])
      expect(digest(join(folder, `together${seed}`))).toBe(digest(join(folder, `alone${seed}`)));
    expect(digest(join(folder, 'alone1'))).not.toBe(digest(join(folder, 'alone2')));
  });
});
