import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { saveCheckpoint } from '../../src/checkpoint/checkpoint.js';
import { hashDictionary } from '../../src/data/dictionary-file.js';
import { UserError } from '../../src/errors.js';
import {
  defineArchitecture,
  type LineTranslation,
  type TextTranslation,
  Translator,
  type TranslatorOptions,
} from '../../src/index.js';
import { transformer } from '../../src/index-nn.js';
import { parseCodes } from '../../src/text/bpe/codes.js';
import { createBpeSegmenter } from '../../src/text/bpe/segmenter.js';
import { readLines } from '../../src/text/lines.js';
import { goldenData, goldenWeights, REFERENCE_OPTIONS, referenceTask } from '../helpers/reference-model.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { recordLog } from '../training/observe.js';

type GoldenHypothesis = [score: number, text: string, tokenScores: number[]];
const golden = JSON.parse(readFileSync(new URL('../golden/generate/generate.json', import.meta.url), 'utf8')) as Record<
  string,
  { args: string[]; hypotheses: Record<string, GoldenHypothesis[]> }
>;

const interactive = JSON.parse(
  readFileSync(new URL('../golden/generate/interactive.json', import.meta.url), 'utf8'),
) as Record<string, { input: string[]; output: string[] }>;

const folder = temporaryFolder();
const recorded = recordLog();
const path = join(folder, 'trained');
const task = referenceTask();
/** A data folder with the dictionaries, but without the training data. */
const data = join(folder, 'dictionaries');

function saveGolden(name: 'trained' | 'update20', arch = 'transformer'): string {
  const stem = join(folder, arch === 'transformer' ? name : arch);
  saveCheckpoint(stem, {
    metadata: {
      version: 'test',
      task: 'translation',
      arch,
      options: { ...REFERENCE_OPTIONS },
      languages: { source: 'de', target: 'en' },
      dictionaries: { de: hashDictionary(task.sourceDictionary), en: hashDictionary(task.targetDictionary) },
      training: null,
      machine: null,
    },
    weights: goldenWeights(name) as never,
    optimizer: null,
  });
  return stem;
}

beforeAll(() => {
  mkdirSync(data);
  for (const language of ['de', 'en'])
    cpSync(join(goldenData, `dict.${language}.txt`), join(data, `dict.${language}.txt`));
  saveGolden('trained');
  saveGolden('update20');
});

const split = task.loadSplit('test');
/** The sources of the golden split as lines of subwords. */
const lines = Array.from({ length: split.length }, (_, id) => task.sourceDictionary.string(split.pair(id).source));

const loaded: Translator[] = [];
async function load(options: Partial<TranslatorOptions> = {}): Promise<Translator> {
  const translator = await Translator.load({ path, data, threads: 1, inline: true, ...options });
  loaded.push(translator);
  return translator;
}
afterEach(() => {
  for (const translator of loaded.splice(0)) translator.dispose();
});

describe('Translator', () => {
  it.each<{ run: string; options: Partial<TranslatorOptions> }>([
    { run: 'beam5', options: { removeBpe: true } },
    { run: 'nbest3', options: { nbest: 3 } },
    { run: 'unnormalized', options: { beam: 4, unnormalized: true } },
    { run: 'ensemble', options: { path: [path, join(folder, 'update20')] } },
  ])("finds fairseq's translations and scores, in the order of the lines: $run", async ({ run, options }) => {
    const translator = await load(options);
    expect(translator.languages).toEqual({ source: 'de', target: 'en' });
    const translations = await translator.translate(lines);
    expect(translations).toHaveLength(lines.length);
    for (const [id, { nbest, ...best }] of translations.entries()) {
      const expected = golden[run]!.hypotheses[id]!;
      expect(best).toEqual(nbest[0]);
      expect(
        nbest.map(({ text }) => text),
        `line ${id}`,
      ).toEqual(expected.map(([, text]) => text));
      for (const [rank, { score, tokens, tokenScores }] of nbest.entries()) {
        const [goldenScore, , goldenTokenScores] = expected[rank]!;
        expect(score).toBeCloseTo(goldenScore, 3);
        expect(tokenScores).toHaveLength(goldenTokenScores.length);
        expect(tokens).toHaveLength(goldenTokenScores.length);
        expect(tokens.at(-1)).toBe('</s>');
      }
    }
  });

  it('gives the same results for any batch size, and refuses a line longer than a batch', async () => {
    const some = lines.slice(0, 9);
    const whole = await (await load()).translate(some);
    const longest = Math.max(...some.map((line) => line.split(' ').length + 1));
    for (const batches of [{ maxTokens: longest }, { batchSize: 2 }]) {
      const texts = (await (await load(batches)).translate(some)).map(({ text }) => text);
      expect(texts).toEqual(whole.map(({ text }) => text));
    }
    const error = await (await load({ maxTokens: longest - 1 })).translate(some).catch((problem: unknown) => problem);
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).message).toMatch(
      new RegExp(
        `^line \\d has ${longest} tokens including </s>, but the model or a batch allows at most ${longest - 1};`,
      ),
    );
  });

  it('returns the subwords of the model along with the text', async () => {
    const [{ text, tokens }] = (await (await load({ removeBpe: true })).translate(lines.slice(0, 1))) as [
      LineTranslation,
    ];
    expect(`${tokens.slice(0, -1).join(' ')} `.replaceAll('@@ ', '').trimEnd()).toBe(text);
    expect(tokens.length).toBeGreaterThan(text.split(' ').length + 1);
  });

  it('splits words into subwords and joins them again with BPE codes', async () => {
    const bpeCodes = fileURLToPath(new URL('../golden/text/bpe/codes', import.meta.url));
    const segment = createBpeSegmenter({ codes: parseCodes(readLines(bpeCodes), bpeCodes) });
    const words = ['ein kleines haus', 'zwei'];
    expect(words.map(segment)).not.toEqual(words);
    const fromWords = await (await load({ bpeCodes })).translate(words);
    const fromSubwords = await (await load()).translate(words.map(segment));
    const spelt = fromSubwords.map(({ text }) => text);
    expect(fromWords.map(({ tokens }) => tokens)).toEqual(fromSubwords.map(({ tokens }) => tokens));
    expect(spelt.join('\n')).toContain('@@ ');
    expect(fromWords.map(({ text }) => text)).toEqual(spelt.map((text) => `${text} `.replaceAll('@@ ', '').trimEnd()));
    const apart = await (await load({ bpeCodes, removeBpe: false })).translate(words);
    expect(apart.map(({ text }) => text)).toEqual(spelt);
  });

  it('tokenizes lines and detokenizes translations like interactive', async () => {
    const run = interactive['moses-bpe']!;
    const bpeCodes = fileURLToPath(new URL('../golden/text/bpe/codes', import.meta.url));
    const translator = await load({ tokenizer: 'moses', bpeCodes, beam: 4, maxLenB: 40, batchSize: 12 });
    const translated = await translator.translate(run.input);
    const expected = (kind: string) =>
      run.output.filter((line) => line.startsWith(`${kind}-`)).map((line) => line.split('\t')[2]);
    expect(translated.map(({ text }) => text)).toEqual(expected('H'));
    expect(translated.map(({ detokenized }) => detokenized)).toEqual(expected('D'));
    expect(expected('D')).not.toEqual(expected('H'));
  });

  it('outputs the phrases that follow a line, like interactive', async () => {
    const run = interactive['constraints-unordered']!;
    const translator = await load({ constraints: 'unordered', beam: 6, nbest: 3, maxLenB: 40, batchSize: 12 });
    const texts = (await translator.translate(run.input)).flatMap(({ nbest }) => nbest.map(({ text }) => text));
    expect(texts).toEqual(run.output.filter((line) => line.startsWith('H-')).map((line) => line.split('\t')[2]));
  });

  it('translates texts with phrases beside texts without, whose translations stay the same', async () => {
    const translator = await load({ beam: 2, maxLenB: 20, batchSize: 4 });
    const texts = lines.slice(0, 10);
    const plain = await translator.translateTexts(texts);
    const phrases = ['file', 'is not'];
    const [beside, constrained] = await Promise.all([
      translator.translateTexts(texts),
      translator.translateTexts(texts, { phrases }),
    ]);
    expect(beside).toEqual(plain);
    expect(plain.every(({ text }) => text.includes('is not'))).toBe(false);
    for (const { text } of constrained) for (const phrase of phrases) expect(text).toContain(phrase);
  });

  it('gives as many translations of a text as a call wants, beside calls that want others', async () => {
    const translator = await load({ beam: 3, nbest: 3, maxLenB: 20 });
    const text = lines[0]!;
    const [all, two, one] = await Promise.all(
      [{}, { nbest: 2 }, { nbest: 1 }].map((options) => translator.translateText(text, options)),
    );
    const nbestOf = ({ sentences }: TextTranslation) => sentences.flatMap(({ nbest }) => nbest);
    expect(nbestOf(all!)).toHaveLength(3);
    expect(nbestOf(two!)).toEqual(nbestOf(all!).slice(0, 2));
    expect(nbestOf(one!)).toEqual(nbestOf(all!).slice(0, 1));
  });

  it('translates a document by blocks', async () => {
    const translator = await load({ beam: 2, maxLenB: 20 });
    const { text } = await translator.translateText('die datei');
    const document = await translator.translateText('<ul><li>die datei</ul>', { format: 'html' });
    expect(document.text).toBe(`<ul><li>${text}</ul>`);
  });

  it.each([
    [{ phrases: ['☃'] }, "cannot write the phrase '☃'"],
    [{ format: 'rtf' as never }, "unknown format 'rtf'"],
    [{ phrase: ['x'] } as object, "translateTexts: unknown option 'phrase'; did you mean 'phrases'?"],
  ])('refuses texts with %j', async (options, problem) => {
    const translator = await load();
    await expect(translator.translateText('datei', options)).rejects.toThrow(problem);
  });

  it('refuses phrases for a search that cannot contain them', async () => {
    const translator = await load({ sampling: true, beam: 1, maxLenB: 9 });
    await expect(translator.translateText('datei', { phrases: ['file'] })).rejects.toThrow(
      'phrases and sampling cannot be combined',
    );
    await expect(translator.translateText('datei')).resolves.toMatchObject({ sentences: [{ problem: null }] });
  });

  it('translates an empty line to an empty line', async () => {
    const translator = await load({ nbest: 2, beam: 2, maxLenB: 9 });
    const [empty, full, blank] = await translator.translate(['', 'datei', ' \t ']);
    expect(empty).toMatchObject({ text: '', detokenized: '', score: 0, tokens: ['</s>'], tokenScores: [0] });
    expect(empty!.nbest).toHaveLength(1);
    expect(blank).toEqual(empty);
    expect(full!.text).not.toBe('');
    expect(full!.nbest).toHaveLength(2);
  });

  it('samples differently for every line, and the same in another Translator', async () => {
    const sampling = { sampling: true, beam: 1, maxLenB: 9 };
    const sample = async (translator: Translator) =>
      (await translator.translate(['datei', 'datei'])).map(({ text }) => text);
    const [one, other] = [await load(sampling), await load(sampling)];
    const drawn = [...(await sample(one)), ...(await sample(one))];
    expect(new Set(drawn).size).toBe(4);
    expect([...(await sample(other)), ...(await sample(other))]).toEqual(drawn);
  });

  it('translates a stream like lines, and yields translations before the stream has ended', async () => {
    const translator = await load();
    const expected = await translator.translate(lines);
    let [read, readAtFirst] = [0, 0];
    function* stream(): Generator<string> {
      for (let round = 0; round < 4; round++) {
        for (const line of lines) {
          read += 1;
          yield line;
        }
      }
    }
    const texts: string[] = [];
    for await (const { text } of translator.translateStream(stream())) {
      if (texts.length === 0) readAtFirst = read;
      texts.push(text);
    }
    const whole = expected.map(({ text }) => text);
    expect(texts).toEqual([...whole, ...whole, ...whole, ...whole]);
    expect(readAtFirst).toBeLessThan(lines.length);
  });

  it.each([
    { precision: 'bfloat16', bound: 0.05 },
    { precision: 'int8', bound: 0.15 },
  ] as const)('finds translations in $precision about as likely as in float32', async ({ precision, bound }) => {
    const expected = await (await load()).translate(lines);
    const translated = await (await load({ precision })).translate(lines);
    const differences = translated.map(({ score }, line) => Math.abs(score - expected[line]!.score));
    const mean = differences.reduce((sum, difference) => sum + difference, 0) / lines.length;
    expect(mean).toBeLessThan(bound);
    expect(mean).toBeGreaterThan(1e-4);
  });

  it('keeps no tensors between translations, and none at all after dispose', async () => {
    await load(); // creates what the device keeps permanently
    const before = tf.memory().numTensors;
    const translator = await load();
    await translator.translate(lines.slice(0, 3));
    const ready = tf.memory().numTensors;
    await translator.translate(lines.slice(0, 7));
    expect(tf.memory().numTensors).toBe(ready);
    translator.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('translates concurrent calls in turn, and disposes after them', async () => {
    await load(); // creates what the device keeps permanently
    const before = tf.memory().numTensors;
    const translator = await load({ batchSize: 1 });
    const [first, second] = [translator.translate(lines.slice(0, 2)), translator.translate(lines.slice(0, 2))];
    translator.dispose();
    translator.dispose();
    const texts = [await first, await second].map((translations) => translations.map(({ text }) => text));
    expect(tf.memory().numTensors).toBe(before);
    const batches = recorded.events.filter(({ kind }) => kind === 'progress').map(({ fields }) => fields.position);
    expect(batches).toEqual([1, 1, 2, 2]);
    const again = await (await load()).translate(lines.slice(0, 2));
    expect(texts[0]).toEqual(again.map(({ text }) => text));
    expect(texts[1]).toEqual(texts[0]);
    await expect(translator.translate(['x'])).rejects.toThrow('this Translator is disposed; load another');
  });

  it('continues after it has refused a line', async () => {
    const translator = await load();
    const refused = translator.translate([new Array(2000).fill('x').join(' ')]);
    const taken = translator.translate(lines.slice(0, 1));
    await expect(refused).rejects.toThrow(
      'line 1 has 2001 tokens including </s>, but the model or a batch allows at most 1024',
    );
    expect(await taken).toHaveLength(1);
    expect(await translator.translate([])).toEqual([]);
  });

  it('uses plug-in architectures', async () => {
    const stem = saveGolden('trained', 'mine');
    const mine = defineArchitecture({ name: 'mine', summary: '', model: transformer, defaults: {} });
    await expect(load({ path: stem })).rejects.toThrow("the arch 'mine', which is unknown");
    expect(await (await load({ path: stem, plugins: [mine] })).translate(lines.slice(0, 1))).toHaveLength(1);
  });

  it('frees the models of an ensemble when a later checkpoint is missing', async () => {
    await load();
    const before = tf.memory().numTensors;
    await expect(load({ path: [path, join(folder, 'trainde')] })).rejects.toThrow("did you mean 'trained'?");
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('Translator', () => {
  it('reports its device', async () => {
    expect((await load({ device: 'wasm' })).device).toBe('wasm');
  });

  it('says how much memory it uses, no more after requests with phrases', async () => {
    const translator = await load({ beam: 2, maxLenB: 9 });
    await translator.translateText('datei');
    const { weights, buffers, process } = translator.memory;
    expect(weights).toBeGreaterThan(100_000);
    expect(buffers).toBeGreaterThan(0);
    expect(process).toBeGreaterThan(weights);
    await translator.translateText('datei', { phrases: ['file'] });
    expect(translator.memory.weights).toBe(weights);
    const compact = await load({ beam: 2, maxLenB: 9, precision: 'int8' });
    await compact.translateText('datei');
    expect(compact.memory.weights).toBeLessThan(weights);
  });

  it.each<[string, unknown, string]>([
    ['a string', 'ein haus', 'the lines are a string, not an array'],
    ['nothing', undefined, 'the lines are missing, not an array'],
    ['a number among the lines', ['a', 7], 'line 2 is a number, not a string'],
    ['null among the lines', [null], 'line 1 is null, not a string'],
  ])('refuses %s instead of lines', async (_, lines, message) => {
    const refused = await (await load()).translate(lines as string[]).catch((problem: unknown) => problem);
    expect(refused).toBeInstanceOf(UserError);
    expect((refused as UserError).message).toContain(message);
  });

  it('refuses one string as a stream', async () => {
    await expect((await load()).translateStream('ein haus').next()).rejects.toThrow('one string is not a stream');
  });
});

describe('Translator.load refuses', () => {
  it.each<[string, object, string]>([
    ['no checkpoint', { path: undefined }, "no checkpoint given; add path, e.g. path: 'checkpoints/averaged'"],
    ['an empty ensemble', { path: [] }, 'no checkpoint given'],
    ['no dictionaries', { data: undefined }, "no dictionaries are given; add data, e.g. data: 'data-bin/de-en'"],
    ['a folder without them', { data: folder }, 'dict.de.txt'],
    ['an unknown option', { beams: 5 }, "Translator.load: unknown option 'beams'; did you mean 'beam'?"],
    ['a prefix, which needs references', { prefixSize: 2 }, "unknown option 'prefixSize'"],
    ['a value of the wrong kind', { beam: 'wide' }, "Translator.load beam: 'wide' is not a whole number"],
    ['a value out of range', { temperature: 0 }, 'temperature: 0 is too small'],
    ['more than the beam', { nbest: 9 }, 'nbest 9 is more than beam 5; raise beam'],
    ['draws that are not all returned', { sampling: true }, 'with sampling, nbest 1 must equal beam 5'],
    ['an unknown tokenizer', { tokenizer: 'nltk' }, "Translator.load tokenizer: unknown value 'nltk'; known: moses"],
    ['an unknown device', { device: 'gpu' }, "unknown device 'gpu'; known: cpu, cuda, tensorflow, webgpu, wasm"],
    ['a typo in an option of its own', { bpecodes: 'codes' }, "unknown option 'bpecodes'; did you mean 'bpeCodes'?"],
    ['a path that is not a string', { path: 3 }, 'Translator.load path: a number, not a string'],
    [
      'the ending of another toolkit',
      { path: `${path}.pt` },
      `did you mean '${path}'? ts-fairseq's own checkpoints need no extension`,
    ],
    ['a device that is not a string', { device: 3 }, 'Translator.load device: a number, not a string'],
    [
      'codes that are no text',
      { bpeCodes: { file: 'x' } },
      'Translator.load bpeCodes: an object of Object, not a string',
    ],
    ['a value that is not a plug-in', { plugins: [{ name: 'x' }] }, 'Translator.load plugins[0] is not a plug-in'],
    [
      'an unknown scheme of subwords',
      { removeBpe: 'bpe' },
      "Translator.load removeBpe: unknown value 'bpe'; known: subword_nmt",
    ],
    ['codes that do not exist', { bpeCodes: join(folder, 'codes') }, 'codes'],
  ])('%s', async (_, options, message) => {
    const refused = await load(options as Partial<TranslatorOptions>).catch((problem: unknown) => problem);
    expect(refused).toBeInstanceOf(UserError);
    expect((refused as UserError).message).toContain(message);
  });
});
