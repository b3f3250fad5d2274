import { describe, expect, test } from 'vitest';
import { UserError } from '../../../src/errors.js';
import { SentencePiece } from '../../../src/text/sentencepiece/processor.js';
import { goldenLines, goldenPath } from '../golden.js';

describe.each(['bpe', 'unigram'])('a %s model', (type) => {
  test.each(['de', 'en'])('gives the pieces and ids of sentencepiece for %s', async (language) => {
    const model = await SentencePiece.load(goldenPath(`spm/${type}.model`));
    const lines = goldenLines(`spm/test.${language}`);
    expect(lines.map((line) => model.encodePieces(line).join(' '))).toEqual(
      goldenLines(`spm/test.${type}.${language}`),
    );
    expect(lines.map((line) => model.encodeIds(line).join(' '))).toEqual(
      goldenLines(`spm/test.${type}.ids.${language}`),
    );
  });
});

test('decoding ids gives the text back', async () => {
  const model = await SentencePiece.load(goldenPath('spm/unigram.model'));
  expect(model.decodeIds(model.encodeIds('Die Datei ist hier.'))).toBe('Die Datei ist hier.');
});

test('loading leaves no handlers of errors on the process', async () => {
  const before = process.listenerCount('uncaughtException');
  await SentencePiece.load(goldenPath('spm/bpe.model'));
  expect(process.listenerCount('uncaughtException')).toBe(before);
});

test.each(['spm/test.de', 'spm/absent.model', 'spm'])('%s is refused in one line', async (name) => {
  await expect(SentencePiece.load(goldenPath(name))).rejects.toThrow(UserError);
});
