import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UserError } from '../../../src/errors.js';
import { loadSentencePieceCodec } from '../../../src/text/sentencepiece/codec.js';
import { SentencePiece, seedSampling } from '../../../src/text/sentencepiece/processor.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';
import { goldenLines, goldenPath } from '../golden.js';
import { ENGINES, hasNative } from './engines.js';

const directory = temporaryFolder();

const load = (type: string, engine?: 'native' | 'wasm'): Promise<SentencePiece> =>
  SentencePiece.load(goldenPath(`spm/${type}.model`), engine);

describe.each(ENGINES)('the engine %s', (engine) => {
  test.each([
    { type: 'bpe', language: 'de' },
    { type: 'bpe', language: 'en' },
    { type: 'unigram', language: 'de' },
    { type: 'unigram', language: 'en' },
  ])('gives the pieces and ids of sentencepiece with a $type model for $language', async ({ type, language }) => {
    const model = await load(type, engine);
    const lines = goldenLines(`spm/test.${language}`);
    expect(lines.map((line) => model.encodePieces(line).join(' '))).toEqual(
      goldenLines(`spm/test.${type}.${language}`),
    );
    expect(lines.map((line) => model.encodeIds(line).join(' '))).toEqual(
      goldenLines(`spm/test.${type}.ids.${language}`),
    );
  });

  test.each(['bpe', 'unigram'])(
    'makes the text again of the pieces of a %s model, whatever their characters, and of ids that are all known',
    async (type) => {
      const model = await load(type, engine);
      const known = [...'abcdefghijklmnoprstuvw DEISTä'];
      const text = (characters: readonly string[]) =>
        fc.array(fc.constantFrom(...characters), { maxLength: 40 }).map((list) => list.join(''));
      // What the library's normalisation leaves: no spaces at the ends, no two in a row.
      const normalised = (line: string): string => line.replace(/ +/g, ' ').trim();
      fc.assert(
        fc.property(text([...known, '漢', '¿', '😀']), (line) => {
          expect(model.decodePieces(model.encodePieces(line))).toBe(normalised(line));
          expect(model.encodeLine(line)).toBe(model.encodePieces(line).join(' '));
          expect(model.decodeLine(model.encodeLine(line))).toBe(normalised(line));
        }),
      );
      fc.assert(
        fc.property(text(known), (line) => {
          expect(model.decodeIds(model.encodeIds(line))).toBe(normalised(line));
        }),
      );
    },
  );

  test.each([
    { pieces: ['▁a', '<unk>', 'b'], text: 'a ⁇ b' },
    { pieces: ['漢', '<unk>', '字', '▁a'], text: '漢 ⁇ 字 a' },
    { pieces: ['<s>', '▁a', '</s>'], text: 'a' },
    { pieces: [], text: '' },
  ])('makes "$text" of $pieces', async ({ pieces, text }) => {
    expect((await load('bpe', engine)).decodePieces(pieces)).toBe(text);
  });

  test.each([[[5, 900]], [[-1]], [[900]]])('refuses ids that the vocabulary lacks: %j', async (ids) => {
    const model = await load('bpe', engine);
    expect(() => model.decodeIds(ids)).toThrow(UserError);
  });

  test.each(['spm/test.de', 'spm/absent.model', 'spm'])('%s is refused in one line', async (name) => {
    await expect(SentencePiece.load(goldenPath(name), engine)).rejects.toThrow(UserError);
  });

  test.each([
    { title: 'a piece that begins with a zero byte', at: 242, byte: 0, problem: 'piece 21 contains a zero byte' },
    { title: 'a rule that leads nowhere', at: 40_003, byte: 0x7f, problem: 'its normalisation rules are damaged' },
  ])('says which file has $title', async ({ at, byte, problem }) => {
    const bytes = readFileSync(goldenPath('spm/unigram.model'));
    bytes[at] = byte;
    const path = join(directory, 'damaged.model');
    writeFileSync(path, bytes);
    const loading = SentencePiece.load(path, engine);
    await expect(loading).rejects.toThrow(UserError);
    await expect(loading).rejects.toThrow(`${path} is not a SentencePiece model: ${problem}`);
  });
});

test('loading leaves no handlers of errors on the process', async () => {
  const before = process.listenerCount('uncaughtException');
  await load('bpe', 'wasm');
  expect(process.listenerCount('uncaughtException')).toBe(before);
});

test('the codec makes pieces of text and text of pieces', async () => {
  const codec = await loadSentencePieceCodec(goldenPath('spm/bpe.model'));
  const [line] = goldenLines('spm/test.de');
  expect(codec.encode(line!)).toBe(goldenLines('spm/test.bpe.de')[0]);
  expect(codec.decode(codec.encode(line!))).toBe(line);
});

test('without the add-on sampling says what it needs', async () => {
  const model = await load('unigram', 'wasm');
  expect(() => model.samplePieces('a', { nBestSize: -1, alpha: 0.1 })).toThrow(/sampling requires/);
});

describe.runIf(hasNative)('with the add-on', () => {
  test('n-best lists are those of sentencepiece', async () => {
    const model = await load('unigram');
    const lists = goldenLines('spm/test.en')
      .slice(0, 20)
      .flatMap((line) => model.nBestPieces(line, 3).map((pieces) => pieces.join(' ')));
    expect(lists).toEqual(goldenLines('spm/test.unigram.nbest3.en'));
  });

  test.each(['bpe', 'unigram'])('samples of a %s model repeat with their seed and are segmentations', async (type) => {
    const model = await load(type);
    const lines = goldenLines('spm/test.en');
    const draw = (seed: number): string[][] => {
      seedSampling(seed);
      return lines.map((line) => model.samplePieces(line, { nBestSize: -1, alpha: 0.2 }));
    };
    const drawn = draw(3);
    expect(draw(3)).toEqual(drawn);
    expect(draw(4)).not.toEqual(drawn);
    expect(drawn.map((pieces) => model.decodePieces(pieces))).toEqual(lines);
  });

  test('a seed fixes ids as it fixes pieces', async () => {
    const model = await load('unigram');
    const [line] = goldenLines('spm/test.en');
    const sampling = { nBestSize: -1, alpha: 0.2 };
    seedSampling(1);
    const pieces = model.samplePieces(line!, sampling);
    seedSampling(1);
    expect(model.sampleIds(line!, sampling)).toHaveLength(pieces.length);
  });

  test('an n-best list of a BPE model is refused', async () => {
    const model = await load('bpe');
    expect(() => model.nBestPieces('a', 2)).toThrow(/NBestEncode is not available/);
  });

  test.each([0, 1025, Number.NaN])('an n-best list of %s segmentations is refused in one line', async (size) => {
    const model = await load('unigram');
    expect(() => model.nBestIds('a', size)).toThrow(UserError);
    expect(() => model.nBestIds('a', size)).toThrow('use another number');
  });

  // The library finds the symbol where it looks for a piece of text, and does not count its characters.
  test('a text that a damaged model cannot encode is an error that names the file', async () => {
    const bytes = readFileSync(goldenPath('spm/bpe.model'));
    const path = join(directory, 'control.model');
    writeFileSync(path, Buffer.concat([bytes, Buffer.from('\x0a\x05\x0a\x01Q\x18\x03', 'latin1')]));
    const model = await SentencePiece.load(path, 'native');
    for (const encode of [() => model.encodePieces('Q'), () => model.encodeIds('Q'), () => model.encodeLine('Q')]) {
      expect(encode).toThrow(UserError);
      expect(encode).toThrow(`${path} cannot encode a text: all normalized characters are not consumed`);
    }
  });
});
