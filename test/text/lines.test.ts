import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UserError } from '../../src/errors.js';
import {
  readLines,
  readParallelLines,
  writeLinesAtomically,
  writeParallelLinesAtomically,
} from '../../src/text/lines.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const directory = temporaryFolder();

function fileOf(content: string | Buffer, name = 'text'): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

describe('readLines', () => {
  test.each([
    { title: 'an empty file has no lines', content: '', lines: [] },
    { title: 'a lone newline is one empty line', content: '\n', lines: [''] },
    { title: 'the last line needs no newline', content: 'a\nb', lines: ['a', 'b'] },
    { title: 'a final newline does not start another line', content: 'a\nb\n', lines: ['a', 'b'] },
    { title: 'all three newlines end a line', content: 'a\nb\r\nc\rd', lines: ['a', 'b', 'c', 'd'] },
    { title: 'two returns are two ends', content: 'a\r\r\nb', lines: ['a', '', 'b'] },
    { title: 'newline and return are two ends', content: 'a\n\rb', lines: ['a', '', 'b'] },
    {
      title: 'other separators stay in the line',
      content: 'a\u2028b\u0085c\fd\ve\u001cf',
      lines: ['a\u2028b\u0085c\fd\ve\u001cf'],
    },
    { title: 'a byte order mark stays', content: '\ufeffa\n', lines: ['\ufeffa'] },
  ])('$title', ({ content, lines }) => {
    expect([...readLines(fileOf(content))]).toEqual(lines);
  });

  test('a return at the end of a chunk and a newline at the start of the next are one end', () => {
    const line = 'x'.repeat(65_535);
    expect([...readLines(fileOf(`${line}\r\nnext\n`))]).toEqual([line, 'next']);
    expect([...readLines(fileOf(`${line}\rnext\n`))]).toEqual([line, 'next']);
  });

  test('a file that is truncated while it is read is a user error; one that grows is read to its end', () => {
    const path = fileOf('line\n'.repeat(100_000));
    const read = (change: () => void): number => {
      let lines = 0;
      for (const _line of readLines(path)) if (lines++ === 0) change();
      return lines;
    };
    expect(read(() => appendFileSync(path, 'more\n'))).toBe(100_001);
    expect(() => read(() => truncateSync(path, 100_000))).toThrow(
      new UserError(
        `${path} was modified or truncated while it was read`,
        'run the command again when the file is complete',
      ).message,
    );
  });

  test('lines that cross block boundaries are complete', () => {
    const line = fc.oneof(
      fc.array(fc.constantFrom('a', 'ü', '€', '😀'), { maxLength: 5 }).map((units) => units.join('')),
      fc.integer({ min: 65_520, max: 65_540 }).map((length) => 'x'.repeat(length)),
    );
    const ended = fc.tuple(line, fc.constantFrom('\n', '\r\n', '\r'));
    fc.assert(
      fc.property(fc.array(ended, { maxLength: 6 }), (parts) => {
        // A return before an empty line that ends in a newline would be one end, not two.
        fc.pre(!parts.some(([, end], at) => end === '\r' && parts[at + 1]?.join('') === '\n'));
        const path = fileOf(parts.flat().join(''));
        expect([...readLines(path)]).toEqual(parts.map(([text]) => text));
      }),
      { numRuns: 50 },
    );
  });

  test.each([
    { title: 'a Latin-1 letter', bytes: [0x61, 0xfc, 0x62], column: 2, byte: 2, value: 'fc' },
    { title: 'a sequence cut short', bytes: [0x61, 0xe2, 0x82], column: 2, byte: 2, value: 'e2' },
    { title: 'an overlong slash', bytes: [0xc0, 0xaf], column: 1, byte: 1, value: 'c0' },
    { title: 'a surrogate after two bytes', bytes: [0xc3, 0xbc, 0xed, 0xa0, 0x80], column: 2, byte: 3, value: 'ed' },
    { title: 'a byte after 😀', bytes: [0xf0, 0x9f, 0x98, 0x80, 0xff], column: 2, byte: 5, value: 'ff' },
  ])('invalid UTF-8, $title, is a user error that names file, line and column, in characters and in bytes', (bad) => {
    const text = [Buffer.from('gut\nüber\n'), Buffer.from(bad.bytes), Buffer.from('\nmore\n')];
    const path = fileOf(Buffer.concat(text));
    expect(() => [...readLines(path)]).toThrow(
      new UserError(
        `${path} line 3 is not valid UTF-8 at column ${bad.column} (0x${bad.value}, byte ${bad.byte} of the line)`,
        'convert the file first, e.g. iconv -f ISO-8859-1 -t UTF-8',
      ),
    );
    expect(() => [...readLines(path)]).toThrow(UserError);
  });

  test('the lines before one that is not UTF-8 are yielded', () => {
    const lines = readLines(fileOf(Buffer.concat([Buffer.from('gut\rüber\n'), Buffer.from([0xff, 0x0a])])));
    expect([lines.next().value, lines.next().value]).toEqual(['gut', 'über']);
    expect(() => lines.next()).toThrow('line 3 is not valid UTF-8');
  });

  test('the number of a bad line includes the blocks before it', () => {
    const path = fileOf(Buffer.concat([Buffer.from('x\n'.repeat(100_000)), Buffer.from([0xff])]));
    expect(() => [...readLines(path)]).toThrow('line 100001 is not valid UTF-8');
  });

  test('a missing file is a user error', () => {
    const path = join(directory, 'absent');
    expect(() => [...readLines(path)]).toThrow(
      new UserError(`${path} cannot be read (it does not exist)`, 'check the path'),
    );
  });
});

describe('readParallelLines', () => {
  test('pairs the lines', () => {
    expect([...readParallelLines(fileOf('a\nb\n', 's'), fileOf('A\nB', 't'))]).toEqual([
      ['a', 'A'],
      ['b', 'B'],
    ]);
  });

  test.each([
    { source: 'a\n', target: 'A\nB\n', short: 's', long: 't' },
    { source: 'a\nb\n', target: 'A\n', short: 't', long: 's' },
  ])('unequal line counts are a user error: $short is shorter', ({ source, target, short, long }) => {
    const paths = [fileOf(source, 's'), fileOf(target, 't')] as const;
    expect(() => [...readParallelLines(...paths)]).toThrow(
      `${join(directory, short)} ends after 1 lines, but ${join(directory, long)} continues`,
    );
  });
});

describe('writeLinesAtomically', () => {
  test('writes what readLines reads back', () => {
    const path = join(directory, 'written');
    const lines = ['a', '', 'ü€😀', 'x'.repeat(200_000)];
    writeLinesAtomically(path, lines);
    expect(readFileSync(path, 'utf8')).toBe(`${lines.join('\n')}\n`);
    expect([...readLines(path)]).toEqual(lines);
  });

  test('keeps the old file and no other when the lines fail half-way', () => {
    const folder = mkdtempSync(join(directory, 'half-'));
    const path = join(folder, 'kept');
    writeFileSync(path, 'old\n');
    const failing = function* () {
      yield 'new';
      throw new Error('half-way');
    };
    expect(() => writeLinesAtomically(path, failing())).toThrow('half-way');
    expect(readdirSync(folder)).toEqual(['kept']);
    expect(readFileSync(path, 'utf8')).toBe('old\n');
  });

  test('a folder that does not exist is a user error', () => {
    expect(() => writeLinesAtomically(join(directory, 'none', 'file'), ['a'])).toThrow(UserError);
  });

  test('writes to the target of a symbolic link, and keeps the link', () => {
    const [target, link] = [fileOf('old\n', 'target'), join(directory, 'link')];
    symlinkSync(target, link);
    writeLinesAtomically(link, ['new']);
    expect([readFileSync(target, 'utf8'), readlinkSync(link)]).toEqual(['new\n', target]);
  });
});

test('parallel files appear together or not at all', () => {
  const folder = mkdtempSync(join(directory, 'parallel-'));
  const paths = [join(folder, 'de'), join(folder, 'en')];
  const failing = function* () {
    yield ['eins', 'one'];
    throw new Error('half-way');
  };
  expect(() => writeParallelLinesAtomically(paths, failing())).toThrow('half-way');
  expect(readdirSync(folder)).toEqual([]);
  writeParallelLinesAtomically(paths, [['eins', 'one']]);
  expect(paths.map((path) => readFileSync(path, 'utf8'))).toEqual(['eins\n', 'one\n']);
});
