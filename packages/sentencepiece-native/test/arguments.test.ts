import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { addon, isAvailable, type Model } from '../src/index.js';

const golden = new URL('../../../test/golden/text/spm/unigram.model', import.meta.url);
const INT_MOST = 2 ** 31 - 1;

describe.runIf(isAvailable().available)('the add-on', () => {
  const model = (): Model => new (addon().Model)(readFileSync(golden));

  it.each<{ title: string; call: (model: Model) => unknown; message: string }>([
    { title: 'an n-best list of 0', call: (m) => m.nBestPieces('a', 0), message: 'nBest is 0; it has to be' },
    { title: 'one of −1', call: (m) => m.nBestIds('a', -1), message: 'nBest is -1; it has to be' },
    { title: 'one of 2^32 + 1', call: (m) => m.nBestIds('a', 2 ** 32 + 1), message: 'from 1 to 1024' },
    { title: 'samples of too many', call: (m) => m.samplePieces('a', 513, 0.1), message: 'to 512' },
    { title: 'samples of NaN', call: (m) => m.samplePieces('a', Number.NaN, 0.1), message: 'nBest is NaN' },
    { title: 'alpha NaN', call: (m) => m.sampleIds('a', -1, Number.NaN), message: 'alpha is NaN; it has to be' },
    { title: 'alpha ∞', call: (m) => m.sampleIds('a', 5, Number.POSITIVE_INFINITY), message: 'alpha is Infinity' },
    { title: 'an id below 0', call: (m) => m.decodeIds([-1]), message: 'Invalid id: -1' },
    { title: 'an id above the vocabulary', call: (m) => m.decodeIds([INT_MOST]), message: 'Invalid id: 2147483647' },
    {
      title: 'an id that does not fit into 32 bits',
      call: (m) => m.decodeIds([2 ** 32]),
      message: 'an id is 4294967296',
    },
    { title: 'half an id', call: (m) => m.decodeIds([0.5]), message: 'an id is 0.5; it has to be an integer' },
    { title: 'a text that is none', call: (m) => m.encodePieces(3 as never), message: 'A string was expected' },
    { title: 'pieces that are none', call: (m) => m.decodePieces([3 as never]), message: 'A string was expected' },
    { title: 'a vocabulary that is none', call: (m) => m.restrictVocabulary([3 as never]), message: 'A string was' },
    { title: 'unknown options', call: (m) => m.setEncodeOptions('bos:x'), message: 'option "x" is not available' },
    { title: 'others to decode', call: (m) => m.setDecodeOptions('y'), message: 'option "y" is not available' },
    { title: 'a seed below 0', call: () => addon().seed(-1), message: 'the seed is -1; it has to be' },
    { title: 'a model that is text', call: () => new (addon().Model)('a' as never), message: 'must be a Uint8Array' },
  ])('refuses $title', ({ call, message }) => {
    expect(() => call(model())).toThrow(message);
  });

  it.each(['', '\0', 'a\0b', '\ud800', '\udc00a'])('encodes and decodes %j', (text) => {
    const loaded = model();
    expect(loaded.decodePieces(loaded.encodePieces(text))).toBe(
      text.replaceAll(/[\ud800-\udfff]/g, text.length > 1 ? ' ' : '').trim(),
    );
    expect(loaded.samplePieces(text, -1, 0.5)).toEqual(expect.any(Array));
    expect(loaded.nBestIds(text, 1024)).toEqual(expect.any(Array));
  });
});
