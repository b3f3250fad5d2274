import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openDevice } from '../../src/devices/index.js';
import { runCommandLine } from '../helpers/command-line.js';
import { plainBeamSearch, repeatsNgram } from '../helpers/plain-beam-search.js';
import { saveReferenceCheckpoint } from '../helpers/reference-checkpoint.js';
import { goldenData, referenceModel, referenceTask } from '../helpers/reference-model.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const folder = temporaryFolder();
const checkpoint = join(folder, 'trained');
beforeAll(async () => {
  await openDevice('cpu', { threads: null });
  saveReferenceCheckpoint(checkpoint, 'trained');
});

const MAX_LENGTH = 16;

/** The H- lines of a command, in the order of ids and hypotheses. */
async function translations(command: string, ...argv: string[]): Promise<{ id: number; text: string }[]> {
  const { code, stdout, stderr } = await runCommandLine([
    ...[command, goldenData, '--path', checkpoint, '--max-len-b', String(MAX_LENGTH)],
    ...(command === 'generate' ? ['--results-path', folder] : []),
    ...argv,
  ]);
  expect(code, stderr).toBe(0);
  const output = command === 'generate' ? readFileSync(join(folder, 'generate-test.txt'), 'utf8') : stdout;
  return [...output.matchAll(/^H-(\d+)\t\S+\t(.*)$/gm)]
    .map(([, id, text]) => ({ id: Number(id), text: text! }))
    .sort((a, b) => a.id - b.id);
}

const repeats = (texts: readonly { text: string }[], size: number): number =>
  texts.filter(({ text }) => repeatsNgram(text.split(' '), size)).length;

/** Translates the first sentences of a split with a search that follows the definition literally. */
function expected(split: string, sentences: number, beam: number, noRepeatNgramSize: number) {
  const task = referenceTask();
  const model = referenceModel(task, 'trained');
  const data = task.loadSplit(split);
  const { padIndex, eosIndex } = task.targetDictionary;
  const texts = Array.from({ length: sentences }, (_, id) => {
    const { source } = data.pair(id);
    const [best] = plainBeamSearch(
      model,
      { ids: source, batch: 1, time: source.length },
      { beam, maxLength: MAX_LENGTH, noRepeatNgramSize, padIndex, eosIndex },
    );
    return { id, text: task.targetDictionary.string(best!.tokens) };
  });
  model.dispose();
  return texts;
}

// fairseq's main does not block, because it compares with padding (issue 5206). Expected values follow the definition.
describe('--no-repeat-ngram-size', () => {
  it.each([
    [1, 1],
    [2, 2],
    [3, 4],
  ])('%i with a beam of %i finds what a search by the definition finds', { timeout: 60_000 }, async (size, beam) => {
    const sentences = 5;
    const texts = expected('test', sentences, beam, size);
    const found = await translations('generate', '--beam', `${beam}`, '--no-repeat-ngram-size', `${size}`);
    expect(found.slice(0, sentences)).toEqual(texts);
    expect(texts).not.toEqual(expected('test', sentences, beam, 0));
  });

  const searches: [name: string, argv: string[]][] = [
    ['one hypothesis', ['--beam', '1']],
    ['beams', ['--beam', '4', '--nbest', '4']],
    // As in fairseq, an ended hypothesis of diverse beams may fill the beam and continue. The best has no inner `</s>`.
    ['diverse beams', ['--beam', '4', '--diverse-beam-groups', '2']],
    ['diverse siblings', ['--beam', '4', '--nbest', '4', '--diversity-rate', '0.5']],
    ['sampling', ['--beam', '4', '--nbest', '4', '--sampling', '--temperature', '0.5']],
    ['sampling from the most likely', ['--beam', '4', '--nbest', '4', '--sampling', '--sampling-topk', '3']],
    ['sampling from the nucleus', ['--beam', '4', '--nbest', '4', '--sampling', '--sampling-topp', '0.5']],
    ['wasm', ['--beam', '2', '--device', 'wasm', '--batch-size', '15', '--num-shards', '4']],
  ];
  it.each(searches)('repeats no n-gram in an output: %s', { timeout: 60_000 }, async (_, argv) => {
    const size = argv.includes('--sampling-topk') || !argv.includes('--sampling') ? 2 : 1;
    expect(repeats(await translations('generate', ...argv), size)).toBeGreaterThan(0);
    const blocked = await translations('generate', ...argv, '--no-repeat-ngram-size', `${size}`);
    expect(blocked.length).toBeGreaterThanOrEqual(argv.includes('--num-shards') ? 15 : 60);
    expect(repeats(blocked, size)).toBe(0);
  });

  it('works in interactive', async () => {
    const task = referenceTask();
    const data = task.loadSplit('test');
    const lines = Array.from({ length: 20 }, (_, id) => task.sourceDictionary.string(data.pair(id).source));
    writeFileSync(join(folder, 'lines'), `${lines.join('\n')}\n`);
    const argv = ['--input', join(folder, 'lines'), '--buffer-size', '20', '--beam', '2'];
    expect(repeats(await translations('interactive', ...argv), 2)).toBeGreaterThan(0);
    expect(repeats(await translations('interactive', ...argv, '--no-repeat-ngram-size', '2'), 2)).toBe(0);
  });

  it('keeps a prefix that repeats itself', async () => {
    const argv = ['--beam', '2', '--prefix-size', '20', '--no-repeat-ngram-size', '1', '--gen-subset', 'test'];
    const free = await translations('generate', ...argv.filter((_, at) => at < 4));
    const found = await translations('generate', ...argv);
    const repeating = free.filter(({ text }) => repeatsNgram(text.split(' ').slice(0, 20), 1));
    expect(repeating.length).toBeGreaterThan(0);
    for (const { id, text } of repeating) {
      const begins = text.split(' ').slice(0, 20);
      expect(found[id]!.text.split(' ').slice(0, 20)).toEqual(begins);
    }
  });
});
