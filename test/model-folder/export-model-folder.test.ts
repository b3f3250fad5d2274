import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { Translator, type TranslatorOptions } from '../../src/index.js';
import { type ExportRequest, exportModelFolder } from '../../src/model-folder/export-model-folder.js';
import { type Manifest, parseManifest } from '../../src/model-folder/manifest.js';
import { isModelFolder, openModelFolder } from '../../src/model-folder/open-model-folder.js';
import { textOptions, textSteps } from '../../src/model-folder/text-options.js';
import { selectOptions } from '../../src/options/select.js';
import { saveReferenceCheckpoint } from '../helpers/reference-checkpoint.js';
import { goldenData, referenceTask } from '../helpers/reference-model.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { goldenPath } from '../text/golden.js';

const folder = temporaryFolder();
const to = join(folder, 'model');
const task = referenceTask();
const languages = { source: 'de', target: 'en' };
let stem: string;

beforeAll(() => {
  stem = saveReferenceCheckpoint(join(folder, 'trained'), 'trained');
});
beforeEach(() => rmSync(to, { recursive: true, force: true }));

const stepsOf = (values: object): ExportRequest['text'] =>
  textSteps(selectOptions(textOptions, { ...values }), languages);
const TEXT = { tokenizer: 'moses', lowercase: true, bpeCodes: goldenPath('bpe/codes') };

function exportTo(path: string, changes: Partial<ExportRequest> = {}): Promise<void> {
  return exportModelFolder(path, {
    stems: [stem],
    task,
    text: stepsOf(TEXT),
    precision: 'float32',
    search: { beam: 2 },
    license: 'MIT',
    dataLicense: 'Apache-2.0',
    provenance: { trainedBy: 'a test' },
    ...changes,
  });
}

const manifestOf = (path: string): Manifest => parseManifest(readFileSync(join(path, 'model.json'), 'utf8'), path);

async function translationsOf(
  options: string | TranslatorOptions,
  lines: readonly string[],
): Promise<[text: string, score: number][]> {
  const translator = await Translator.load({
    ...(typeof options === 'string' ? { model: options } : options),
    inline: true,
  });
  try {
    return (await translator.translate(lines)).map(({ text, score }) => [text, score] as [string, number]);
  } finally {
    translator.dispose();
  }
}

const LINES = ['unerwartetes token.', 'Ein Ausdruck wurde erwartet.'];

describe('a model folder', () => {
  it('translates as the checkpoint does with the same options', async () => {
    await exportTo(to);
    const lowercased = LINES.map((line) => line.toLowerCase());
    const bpeCodes = goldenPath('bpe/codes');
    const expected = await translationsOf(
      { path: stem, data: goldenData, tokenizer: 'moses', bpeCodes, beam: 2 },
      lowercased,
    );
    expect(await translationsOf(to, LINES)).toEqual(expected);
  });

  it('can be moved', async () => {
    await exportTo(to);
    const moved = join(folder, 'moved');
    const before = await translationsOf(to, LINES);
    cpSync(to, moved, { recursive: true });
    rmSync(to, { recursive: true });
    expect(await translationsOf(moved, LINES)).toEqual(before);
  });

  it('holds ensembles, and records licences and provenance', async () => {
    await exportTo(to, { stems: [stem, stem] });
    const { checkpoints, license, dataLicense, provenance, search } = manifestOf(to);
    expect({ checkpoints, license, dataLicense, provenance, search }).toEqual({
      checkpoints: ['model.safetensors', 'model2.safetensors'],
      license: 'MIT',
      dataLicense: 'Apache-2.0',
      provenance: { trainedBy: 'a test' },
      search: { beam: 2 },
    });
    expect(openModelFolder(to).stems).toHaveLength(2);
  });

  it.each(['bfloat16', 'int8'] as const)('with %s weights is smaller', async (precision) => {
    await exportTo(to);
    const { bytes } = manifestOf(to).files['model.safetensors']!;
    await exportTo(to, { precision });
    const compact = manifestOf(to).files['model.safetensors']!.bytes;
    expect(compact).toBeLessThan(bytes * (precision === 'int8' ? 0.35 : 0.6));
    expect(openModelFolder(to).manifest.precision).toBe(precision);
    expect(await translationsOf(to, LINES)).toHaveLength(2);
  });

  it('with bfloat16 weights translates nearly as with float32 weights', async () => {
    await exportTo(to);
    const expected = await translationsOf({ model: to, precision: 'bfloat16' }, LINES);
    await exportTo(to, { precision: 'bfloat16' });
    for (const [index, [text, score]] of (await translationsOf(to, LINES)).entries()) {
      expect(text).toBe(expected[index]![0]);
      expect(score).toBeCloseTo(expected[index]![1], 1);
    }
  });

  it('is replaced as a whole by another export', async () => {
    await exportTo(to, { stems: [stem, stem] });
    await exportTo(to, { text: stepsOf({}) });
    expect(readdirSync(to).sort()).toEqual(['dict.de.txt', 'dict.en.txt', 'model.json', 'model.safetensors']);
    expect(Object.keys(manifestOf(to).files)).not.toContain('codes');
  });

  it('is not written over other files', async () => {
    mkdirSync(to);
    writeFileSync(join(to, 'thesis.txt'), 'text');
    await expect(exportTo(to)).rejects.toThrow('model is not empty and has no model.json; choose a new folder');
    expect(readdirSync(to)).toEqual(['thesis.txt']);
  });

  it.each([
    ['missing codes', { bpeCodes: 'absent' }, 'absent cannot be read'],
    [
      'a file that is no truecasing model',
      { lowercase: false, truecaseModel: goldenPath('bpe/codes') },
      'is not "<word>',
    ],
  ])('is not written with %s', async (_, values, message) => {
    const outcome = exportTo(to, { text: stepsOf({ ...TEXT, ...values }) });
    await expect(outcome).rejects.toThrow(UserError);
    await expect(outcome).rejects.toThrow(message);
    expect(existsSync(to)).toBe(false);
  });
});

describe('a damaged model folder is refused', () => {
  const flip = (path: string): void => {
    const bytes = readFileSync(path);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(path, bytes);
  };
  const pipeAt = (path: string): void => {
    rmSync(path);
    execFileSync('mkfifo', [path]);
  };
  it.each<[string, (path: string) => void, string]>([
    ['a missing file', (path) => rmSync(join(path, 'codes')), 'codes is missing; copy the folder again'],
    [
      'a changed file',
      (path) => flip(join(path, 'model.safetensors')),
      'model.safetensors is damaged (its checksum differs)',
    ],
    [
      'a file of another size',
      (path) => writeFileSync(join(path, 'dict.de.txt'), ''),
      'dict.de.txt has 0 bytes instead of ',
    ],
    ['a named pipe instead of a file', (path) => pipeAt(join(path, 'codes')), 'codes is not a file; copy the folder'],
    ['a named pipe as description', (path) => pipeAt(join(path, 'model.json')), 'model.json is not a file; copy'],
    [
      'a missing description',
      (path) => rmSync(join(path, 'model.json')),
      'is not the folder of a model (it has no model.json)',
    ],
  ])('%s', async (_, damage, message) => {
    await exportTo(to);
    damage(to);
    expect(() => openModelFolder(to)).toThrow(message);
    await expect(Translator.load({ model: to, inline: true })).rejects.toThrow(message);
  });

  it('and a folder without model.json is none', () => {
    expect(isModelFolder(folder)).toBe(false);
  });
});

it.each([
  [{ lowercase: true, truecaseModel: 'x' }, '--lowercase and --truecase-model exclude each other'],
  [{ bpeCodes: 'x', spmModel: 'y' }, '--bpe-codes and --spm-model exclude each other'],
])('options exclude each other: %j', (values, message) => {
  expect(() => stepsOf(values)).toThrow(message);
});
