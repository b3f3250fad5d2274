import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Dictionary, ESCAPED_UNK } from '../../src/data/dictionary.js';
import { hashDictionary, loadDictionary, saveDictionary } from '../../src/data/dictionary-file.js';
import { UserError } from '../../src/errors.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const folder = temporaryFolder();

function counted(...lines: string[]): Dictionary {
  const dictionary = new Dictionary();
  for (const line of lines) dictionary.countLine(line);
  return dictionary;
}

const symbolsOf = (dictionary: Dictionary): string[] => [...dictionary.lines()];

describe('finalizing', () => {
  it('orders by count, then by code point rather than UTF-16 unit', () => {
    const dictionary = counted('\u{1f600} \uff5e b a b', '\u{10000} \uffff').finalize({ paddingFactor: 1 });
    expect(symbolsOf(dictionary)).toEqual(['b 2', 'a 1', '\uff5e 1', '\uffff 1', '\u{10000} 1', '\u{1f600} 1']);
  });

  it('keeps words at the threshold and drops those below', () => {
    expect(symbolsOf(counted('a a a b b c').finalize({ threshold: 2, paddingFactor: 1 }))).toEqual(['a 3', 'b 2']);
  });

  it('counts the special symbols in nwords', () => {
    expect(counted('a a b c').finalize({ nwords: 6, paddingFactor: 1 }).size).toBe(6);
    expect(counted('a a b c').finalize({ nwords: 3, paddingFactor: 1 }).size).toBe(4);
  });

  it('pads to a multiple with symbols of count 0, around one that the text has', () => {
    const dictionary = counted('a madeupword0001').finalize({ paddingFactor: 8 });
    expect(dictionary.size).toBe(8);
    expect(symbolsOf(dictionary)).toEqual(['a 1', 'madeupword0001 1', 'madeupword0000 0', 'madeupword0002 0']);
  });

  it('does not move special symbols that occur in the text', () => {
    const dictionary = counted('<unk> </s> <pad> a').finalize({ paddingFactor: 1 });
    expect(symbolsOf(dictionary)).toEqual(['a 1']);
    expect(dictionary.index('<pad>')).toBe(1);
  });

  it('orders any symbols by code point', () => {
    const any = fc
      .tuple(fc.constantFrom('', 'long prefix'), fc.string({ unit: 'binary', minLength: 1 }))
      .map((parts) => parts.join(''));
    const codes = (symbol: string): string =>
      Array.from(symbol, (c) => c.codePointAt(0)!.toString(16).padStart(6)).join();
    fc.assert(
      fc.property(fc.uniqueArray(any), (symbols) => {
        const dictionary = new Dictionary();
        for (const symbol of symbols) dictionary.add(symbol);
        const finalized = dictionary.finalize({ paddingFactor: 1 });
        const ordered = symbols.map((_, at) => codes(finalized.symbol(at + 4)));
        expect(ordered).toEqual(symbols.map(codes).sort());
      }),
    );
  });
});

describe('symbols', () => {
  const symbol = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 2 }),
    fc.constantFrom('a', '<unk>', '\ufffd', 'x'.repeat(300), 'ü'.repeat(300)),
  );

  it('have the same ids and counts as in a Map', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(symbol, fc.nat(5))), fc.array(symbol), (added, sought) => {
        const dictionary = new Dictionary();
        const ids = new Map([
          ['<s>', 0],
          ['<pad>', 1],
          ['</s>', 2],
          ['<unk>', 3],
        ]);
        const counts = [1, 1, 1, 1];
        for (const [text, count] of added) {
          if (!ids.has(text)) ids.set(text, ids.size);
          const id = ids.get(text)!;
          counts[id] = (counts[id] ?? 0) + count;
          expect(dictionary.add(text, count)).toBe(id);
        }
        expect(dictionary.size).toBe(ids.size);
        for (const text of [...ids.keys(), ...sought]) {
          expect(dictionary.has(text)).toBe(ids.has(text));
          expect(dictionary.index(text)).toBe(ids.get(text) ?? 3);
        }
        for (const [text, id] of ids) expect([dictionary.symbol(id), dictionary.count(id)]).toEqual([text, counts[id]]);
      }),
    );
  });

  it.each(['\ud83d', 'a\ude00', '\ude00\ud83d'])('are not found by a lone surrogate: %j', (text) => {
    const dictionary = counted('\ufffd a\ufffd \ufffd\ufffd');
    expect(dictionary.has(text)).toBe(false);
    expect(dictionary.index(text)).toBe(dictionary.unkIndex);
  });

  it.each([-1, 1.5, 4, Number.NaN])('are <unk> for the invalid id %d', (id) => {
    const dictionary = new Dictionary();
    expect([dictionary.symbol(id), dictionary.count(id)]).toEqual(['<unk>', 0]);
  });

  it('take no memory on the JavaScript heap except for their counts', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    collect();
    const before = process.memoryUsage().heapUsed;
    const dictionary = new Dictionary();
    for (let i = 0; i < 300_000; i++) dictionary.add(`symbol${i}`);
    collect();
    expect((process.memoryUsage().heapUsed - before) / dictionary.size).toBeLessThan(24); // a Map of strings: 90
  });
});

describe('encoding', () => {
  const dictionary = counted('a a b').finalize();

  it('ends a line with </s> and reports unknown words, but not a literal <unk>', () => {
    const unknown: string[] = [];
    expect([...dictionary.encodeLine(' b\u0085x a <unk> ', (word) => unknown.push(word))]).toEqual([5, 3, 4, 3, 2]);
    expect(unknown).toEqual(['x']);
    expect([...dictionary.encodeLine('')]).toEqual([2]);
  });

  it.each([
    [{}, 'a@@ b <unk>'],
    [{ unkString: ESCAPED_UNK }, 'a@@ b <<unk>>'],
    [{ includeEos: true }, 'a@@ b <unk> </s>'],
    [{ ignore: new Set([3]) }, 'a@@ b'],
    [{ bpeSymbol: '@@ ' }, 'ab <unk>'],
  ])('writes ids as text with %j', (options, expected) => {
    const pieces = counted('a@@ a@@ b').finalize();
    expect(pieces.string([0, 4, 5, 3, 2], options)).toBe(expected);
  });

  it('decodes an id outside the vocabulary as <unk>', () => {
    expect(dictionary.symbol(1000)).toBe('<unk>');
  });
});

describe('the file', () => {
  const parse = (...lines: string[]): Dictionary => Dictionary.parse(lines, 'dict.de.txt');

  it.each(['joined/dict.de.txt', 'separate/dict.de.txt', 'separate/dict.en.txt', 'nwords/dict.en.txt'])(
    'is read and written byte for byte: %s',
    (name) => {
      const golden = join('test/golden/data', name);
      const copy = join(folder, 'dict.txt');
      saveDictionary(loadDictionary(golden), copy);
      expect(readFileSync(copy)).toEqual(readFileSync(golden));
    },
  );

  it('splits an entry at its last space', () => {
    expect(parse('a b 3').index('a b')).toBe(4);
  });

  it('gives a symbol that overwrites an earlier one a new id, and writes it again', () => {
    const dictionary = parse('a 3', 'b 2', 'a 1 #fairseq:overwrite');
    expect([dictionary.size, dictionary.index('a'), dictionary.symbol(4)]).toEqual([7, 6, 'a']);
    expect(symbolsOf(dictionary)).toEqual(['a 3', 'b 2', 'a 1 #fairseq:overwrite']);
  });

  it.each([
    [['a 1', 'nocount'], 'dict.de.txt line 2: "nocount" has no count; each line is "<token> <count>"'],
    [['a 1', ''], 'dict.de.txt line 2: "" has no count'],
    [['a x'], 'dict.de.txt line 1: "a x" has no count'],
    [['a 1', 'a 2'], 'dict.de.txt line 2: "a" occurs twice; remove one, or end the line with #fairseq:overwrite'],
    [['<unk> 1'], 'dict.de.txt line 1: "<unk>" occurs twice; remove the line'],
  ])('%j is an error that names file and line', (lines, message) => {
    expect(() => parse(...lines)).toThrow(UserError);
    expect(() => parse(...lines)).toThrow(message);
  });

  it('names the line that is not UTF-8', () => {
    const path = join(folder, 'latin1.txt');
    writeFileSync(path, Buffer.from('gut 1\nsch\xf6n 1\n', 'latin1'));
    expect(() => loadDictionary(path)).toThrow(/latin1\.txt line 2 is not valid UTF-8/);
  });

  it('reports that it is missing', () => {
    expect(() => loadDictionary(join(folder, 'none.txt'))).toThrow(UserError);
  });

  it('leaves no temporary file behind', () => {
    saveDictionary(parse('a 1'), join(folder, 'clean.txt'));
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('is unchanged after writing and reading, for any words', () => {
    const word = fc.stringMatching(/^[^\s\x1c-\x1f\x85]+$/u);
    fc.assert(
      fc.property(fc.array(word), (words) => {
        const dictionary = counted(words.join(' ')).finalize();
        expect(parse(...dictionary.lines()).equals(dictionary)).toBe(true);
      }),
    );
  });
});

describe('the hash', () => {
  it('depends on symbols and their order, not on counts', () => {
    const hash = (...lines: string[]): string => hashDictionary(Dictionary.parse(lines, 'dict'));
    expect(hash('a 3', 'b 2')).toBe(hash('a 9', 'b 1'));
    expect(hash('a 3', 'b 2')).not.toBe(hash('b 3', 'a 2'));
    expect(hash('a 1')).toMatch(/^[0-9a-f]{64}$/);
  });
});
