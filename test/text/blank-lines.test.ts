import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readWordTranslations } from '../../src/inference/unknown-words.js';
import { withoutBlankLinesAtEnd } from '../../src/text/blank-lines.js';
import { parseCodes } from '../../src/text/bpe/codes.js';
import { readVocabulary, readWordCounts } from '../../src/text/bpe/word-counts.js';
import { readLines } from '../../src/text/lines.js';
import { parseProtectedPatterns } from '../../src/text/moses/protected-patterns.js';
import { parseTruecaseModel } from '../../src/text/moses/truecase.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const file = join(temporaryFolder(), 'file');

/** All readers of files of entries, with two lines of such a file. */
const readers: [what: string, lines: string, read: () => unknown][] = [
  ['BPE codes', '#version: 0.2\na b', () => parseCodes(readLines(file), file)],
  ['BPE codes of version 0.1', 'a b\nab c', () => parseCodes(readLines(file), file)],
  ['a subword vocabulary', 'a@@ 5\nb 1', () => readVocabulary(file, 2)],
  ['word counts', 'a 5\nb 1', () => readWordCounts(file)],
  ['a truecase model', 'Haus (5/6) haus (1)\nist (2/2)', () => parseTruecaseModel(readLines(file), file)],
  ['protected patterns', 'a+\n<[^>]*>', () => parseProtectedPatterns(readLines(file), file)],
  ['an alignment dictionary', 'haus house\nist is', () => readWordTranslations(file)],
];

describe.each(readers)('%s', (_, lines, read) => {
  const readAs = (text: string): unknown => {
    writeFileSync(file, text);
    return read();
  };

  test.each(['', '\n', '\n\n', '\n\n\n', '\n \n', '\n\n   ', '\r\n\r\n\r\n'])('may end in %j', (end) => {
    expect(readAs(`${lines}${end}`)).toEqual(readAs(`${lines}\n`));
  });

  test('may not have a blank line before its last entry: the error names it', () => {
    expect(() => readAs(`${lines.replace('\n', '\n\n')}\n\n`)).toThrow('file line 2: ');
  });
});

test('blank lines at the end are removed, all other lines stay in order', () => {
  const line = fc.constantFrom('', ' ', 'a', ' b ', '#');
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.constantFrom('', '  ')), (before, blank) => {
      const lines = [...before, 'end'];
      expect([...withoutBlankLinesAtEnd([...lines, ...blank])]).toEqual(lines);
      expect([...withoutBlankLinesAtEnd(blank)]).toEqual([]);
    }),
  );
});
