import { expect, test } from 'vitest';
import { codecOptions, createCodec } from '../../src/inference/codec-options.js';
import { selectOptions } from '../../src/options/select.js';
import { goldenLines, goldenPath } from '../text/golden.js';

const languages = { sourceLang: 'de', targetLang: 'en' };

test('--bpe sentencepiece splits into the pieces of the model, and joins them', async () => {
  const model = { bpe: 'sentencepiece', sentencepieceModel: goldenPath('spm/bpe.model') };
  const codec = await createCodec(selectOptions(codecOptions, model), languages);
  const lines = goldenLines('spm/test.de');
  expect(lines.map(codec.encode)).toEqual(goldenLines('spm/test.bpe.de'));
  expect(goldenLines('spm/test.bpe.de').map(codec.decode)).toEqual(lines);
});

test('--tokenizer moses comes before the pieces and after them', async () => {
  const both = { tokenizer: 'moses', bpe: 'sentencepiece', sentencepieceModel: goldenPath('spm/bpe.model') };
  const codec = await createCodec(selectOptions(codecOptions, both), languages);
  expect(codec.encode('Die Datei, hier.')).toBe('▁Die ▁Datei ▁ , ▁h ier ▁ .');
  expect(codec.decode(codec.encode('Die Datei, hier.'))).toBe('Die Datei, hier.');
});

test('phrases are tokenized as the target language needs it', async () => {
  const moses = selectOptions(codecOptions, { tokenizer: 'moses' });
  const codec = await createCodec(moses, { sourceLang: 'fr', targetLang: 'en' });
  expect([codec.encode("don't"), codec.encodePhrase("don't")]).toEqual(['don&apos; t', 'don &apos;t']);
});
