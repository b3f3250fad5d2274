import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MersenneTwister } from '../../../src/data/mersenne-twister.js';
import { createBpeCodec } from '../../../src/text/bpe/codec.js';
import { parseCodes } from '../../../src/text/bpe/codes.js';
import { learnBpe } from '../../../src/text/bpe/learn.js';
import { createBpeBlockSegmenter, createBpeSegmenter } from '../../../src/text/bpe/segmenter.js';
import { SOURCE_SHA256 } from '../../../src/text/bpe/wasm/module.js';
import { countWords } from '../../../src/text/bpe/word-counts.js';
import { goldenLines, goldenPath } from '../golden.js';

const codes = parseCodes(goldenLines('bpe/codes'), 'codes');
const seeded = (seed: number): (() => number) => {
  const generator = MersenneTwister.seededAsPython(seed);
  return () => generator.random();
};
const join = (line: string): string => line.replaceAll('@@ ', '');
const word = fc.stringMatching(/^[a-zäöüß😀]{1,12}$/u);
const lines = fc.array(
  fc.array(word, { minLength: 1, maxLength: 8 }).map((words) => words.join(' ')),
  {
    minLength: 1,
    maxLength: 8,
  },
);

test('dropout with a seed equals subword-nmt with that of Python', () => {
  const segment = createBpeSegmenter({ codes, dropout: 0.1, random: seeded(7) });
  expect(goldenLines('bpe/test.lc.de').map(segment)).toEqual(goldenLines('bpe/test.dropout.de'));
});

describe('laws', () => {
  test.each([0, 0.3, 1])('joining the subwords restores the text, dropout %s', (dropout) => {
    const segment = createBpeSegmenter({ codes, dropout, random: seeded(1) });
    fc.assert(
      fc.property(lines, (text) => {
        expect(text.map(segment).map(join)).toEqual(text);
      }),
    );
  });

  test.each(['@@', '￭'])('a codec decodes what it encoded, with the separator %s', (separator) => {
    const { encode, decode } = createBpeCodec(goldenPath('bpe/codes'), separator);
    fc.assert(
      fc.property(lines, (text) => {
        expect(text.map(encode).map(decode)).toEqual(text);
      }),
    );
    expect(encode('zqx')).toBe(`z${separator} q${separator} x`);
  });

  test('a block of lines is segmented like its lines', () => {
    const segment = createBpeSegmenter({ codes });
    const segmentBlock = createBpeBlockSegmenter({ codes });
    const spaced = fc.array(fc.oneof(word, fc.constantFrom('', ' ')), { maxLength: 8 }).map((words) => words.join(' '));
    fc.assert(
      fc.property(fc.array(spaced, { maxLength: 8 }), (text) => {
        const ended = (all: readonly string[]): string => all.map((line) => `${line}\n`).join('');
        expect(segmentBlock(Buffer.from(ended(text))).toString()).toBe(ended(text.map(segment)));
      }),
    );
  });

  test('WebAssembly and JavaScript, which dropout uses, give the same result', () => {
    const pieces = fc.oneof(
      word,
      fc.stringMatching(/^[ab]{1,12}$/),
      fc.constantFrom('', ' ', 'a😀', '\0', '\t', 'zzzzzzzzzzzzzzzz', 'aaaaaaa', '</w>'),
    );
    const texts = fc.array(pieces, { maxLength: 30 }).map((words) => `${words.join(' ')}\n`);
    const symbol = fc.stringMatching(/^([ab]{1,3}|😀)(<\/w>)?$/u);
    const anyCodes = fc.record({
      version: fc.constantFrom('0.1' as const, '0.2' as const),
      merges: fc.array(fc.tuple(fc.oneof(symbol, fc.constant('</w>')), symbol), { maxLength: 40 }),
    });
    fc.assert(
      fc.property(fc.oneof(fc.constant(codes), anyCodes), texts, (some, text) => {
        const never = { dropout: 0.5, random: () => 1 };
        const inScript = createBpeBlockSegmenter({ codes: some, ...never })(Buffer.from(text)).toString();
        const segment = createBpeBlockSegmenter({ codes: some });
        expect(segment(Buffer.from(text)).toString()).toBe(inScript);
        expect(segment(Buffer.from(text)).toString()).toBe(inScript); // now with cached words
      }),
    );
  });

  test('a line too long for WebAssembly is segmented like its parts', () => {
    const segment = createBpeBlockSegmenter({ codes });
    const part = 'der schnelle braune fuchs ';
    const long = segment(Buffer.from(`${part.repeat(30_000)}der\n`)).toString();
    const short = segment(Buffer.from(`${part}der\n`)).toString();
    const expected = `${short.slice(0, short.lastIndexOf(' ') + 1).repeat(30_000)}der\n`;
    expect(long === expected).toBe(true); // a diff would fill the screen
    const word = 'der'.repeat(200_000);
    expect(join(segment(Buffer.from(`${word}\n`)).toString()) === `${word}\n`).toBe(true);
  });

  test('a separator too long for WebAssembly is written in full', () => {
    const separator = '@'.repeat(1000);
    expect(createBpeSegmenter({ codes, separator })('zqx')).toBe(`z${separator} q${separator} x`);
  });

  test('the WebAssembly module was compiled from the current source', () => {
    const source = readFileSync(new URL('../../../src/text/bpe/wasm/segment.as.ts', import.meta.url));
    expect(createHash('sha256').update(source).digest('hex')).toBe(SOURCE_SHA256);
  });

  test('more words than fit into the cache are all split, and the first are split again', () => {
    const segment = createBpeSegmenter({ codes });
    const words = Array.from({ length: (1 << 18) + 10 }, (_, at) => `der${at}`);
    const split = words.map(segment);
    expect(split.map(join)).toEqual(words);
    expect(words.slice(0, 20).map(segment)).toEqual(split.slice(0, 20));
  });

  test('spaces around a line stay, those between words become one', () => {
    const segment = createBpeSegmenter({ codes });
    expect(['', '   ', '  a  b ', 'a'].map(segment)).toEqual(['', '   ', '  a b ', 'a']);
  });

  test('a character beyond U+FFFF is one symbol, with or without a neighbour', () => {
    const segment = createBpeSegmenter({ codes });
    expect(['😀', '😀😀', 'x😀'].map(segment)).toEqual(['😀', '😀@@ 😀', 'x@@ 😀']);
  });

  test('dropout 1 gives single characters', () => {
    expect(createBpeSegmenter({ codes, dropout: 1 })('der')).toBe('d@@ e@@ r');
  });

  test('learning twice gives the same codes, and only the counts matter', () => {
    fc.assert(
      fc.property(lines, (text) => {
        fc.pre(text.some((line) => line.split(' ').some((item) => [...item].length > 1)));
        const learned = learnBpe(countWords(text), { symbols: 20 });
        expect(learnBpe(countWords(text), { symbols: 20 })).toEqual(learned);
        expect(learnBpe(countWords([...text].reverse()), { symbols: 20 })).toEqual(learned);
      }),
    );
  });
});
