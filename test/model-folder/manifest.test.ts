import { readFileSync } from 'node:fs';
import { toJsonSchema } from '@valibot/to-json-schema';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { formatManifest, type Manifest, manifestSchema, parseManifest } from '../../src/model-folder/manifest.js';

const checksum = { bytes: 3, sha256: 'a'.repeat(64) };
const manifest: Manifest = {
  format: 'ts-fairseq model',
  version: 1,
  languages: { source: 'de', target: 'en' },
  encode: [
    { step: 'tokenize', language: 'de', aggressiveHyphens: true, escape: true },
    { step: 'truecase', file: 'truecase.de' },
  ],
  decode: [{ step: 'detruecase' }, { step: 'detokenize', language: 'en' }],
  checkpoints: ['model.safetensors'],
  precision: 'float32',
  search: { beam: 4 },
  license: null,
  dataLicense: null,
  provenance: {},
  files: { 'model.safetensors': checksum, 'dict.de.txt': checksum, 'dict.en.txt': checksum, 'truecase.de': checksum },
};

describe('model.json', () => {
  it('is read as it was written', () => {
    expect(parseManifest(formatManifest(manifest), 'model.json')).toEqual(manifest);
  });

  it.each<[string, object, string]>([
    ['another format', { format: 'x' }, 'm.json does not describe a model of ts-fairseq; use a folder'],
    ['a newer version', { version: 2 }, 'm.json was written by a newer ts-fairseq (format 2); update'],
    ['an unknown step', { encode: [{ step: 'run' }] }, 'm.json is damaged (encode.0.step: '],
    ['a step with an unknown option', { decode: [{ step: 'detruecase', x: 1 }] }, 'm.json is damaged (decode.0.x: '],
    ['an unknown entry', { command: 'rm' }, 'm.json is damaged (command: '],
    ['a file outside the folder', { checkpoints: ['../model'] }, 'm.json is damaged (checkpoints.0: '],
    ['a hidden file', { encode: [{ step: 'truecase', file: '.x' }] }, 'm.json is damaged (encode.0.file: '],
    ['no checkpoint', { checkpoints: [] }, 'm.json is damaged (checkpoints: '],
    ['a file without a checksum', { checkpoints: ['other'] }, 'm.json is damaged (it has no checksum of other)'],
    ['a wrong checksum', { files: { x: { bytes: 1, sha256: 'zz' } } }, 'm.json is damaged (files.x.sha256: '],
  ])('is refused with %s', (_, change, message) => {
    const text = JSON.stringify({ ...manifest, ...change });
    expect(() => parseManifest(text, 'm.json')).toThrow(UserError);
    expect(() => parseManifest(text, 'm.json')).toThrow(message);
  });

  it.each(['', '{', 'null', '[]', '"x"'])('is refused if it is not an object: %j', (text) => {
    expect(() => parseManifest(text, 'm.json')).toThrow(UserError);
  });

  it('has the published schema', async () => {
    const schema = { title: 'model.json of ts-fairseq', ...toJsonSchema(manifestSchema) };
    await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot('../../docs/model.schema.json');
  });
});

it('the published schema describes every entry of model.json', () => {
  const schema = JSON.parse(readFileSync(new URL('../../docs/model.schema.json', import.meta.url), 'utf8')) as {
    readonly required: readonly string[];
  };
  expect([...schema.required].sort()).toEqual(Object.keys(manifest).sort());
});
