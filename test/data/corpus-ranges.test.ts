import { execFileSync } from 'node:child_process';
import { appendFileSync, readdirSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitFile } from '../../src/data/corpus/byte-range.js';
import { countTokens } from '../../src/data/corpus/count-tokens.js';
import { Dictionary } from '../../src/data/dictionary.js';
import { splitWhitespace } from '../../src/data/whitespace.js';
import { readLines } from '../../src/text/lines.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const folder = temporaryFolder();

const PIECES = ['a', 'bc', 'ü', '\u{1f600}', ' ', '\n', '\r', '\r\n', '\t', '\x1c', '\x85', '\xa0', '\u1680', '\u2003'];
const text = fc
  .array(fc.constantFrom(...PIECES, '\u2028', '\u205f', '\u2060', '\u3000', '\u3001', '\ufeff', '\u200b'))
  .map((pieces) => pieces.join(''));

describe('tokens counted in ranges of bytes', () => {
  it('equal the tokens and lines of the text for any number of ranges', () => {
    const path = join(folder, 'text');
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 9 }), (content, count) => {
        writeFileSync(path, content);
        const counted = new Dictionary();
        let lines = 0;
        for (const share of splitFile(path, count, 1).map((range) => countTokens(range))) {
          lines += share.lines;
          counted.addAll(share.tokens, share.counts);
        }
        const expected = new Map<string, number>();
        const whole = [...readLines(path)];
        for (const token of whole.flatMap(splitWhitespace)) expected.set(token, (expected.get(token) ?? 0) + 1);
        expect(lines).toBe(whole.length);
        const ids = Array.from({ length: counted.size - 4 }, (_, at) => at + 4);
        expect(new Map(ids.map((id) => [counted.symbol(id), counted.count(id)]))).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a text that is changed after it was divided into ranges', () => {
  it.each<[string, (path: string) => void]>([
    ['cut', (path) => truncateSync(path, 100)],
    ['longer', (path) => appendFileSync(path, 'more\n')],
    [
      'another file',
      (path) => {
        writeFileSync(`${path}.new`, 'b\n'.repeat(500));
        renameSync(`${path}.new`, path);
      },
    ],
  ])('and is %s is an error in each range', (_, change) => {
    const path = join(folder, 'changing');
    writeFileSync(path, 'a\n'.repeat(500));
    const ranges = splitFile(path, 2, 1);
    change(path);
    for (const range of ranges) {
      expect(() => countTokens(range)).toThrow(
        `${path} was modified or truncated while it was read; run the command again`,
      );
    }
  });

  it('is an error if it is truncated between two blocks', () => {
    const path = join(folder, 'cut');
    writeFileSync(path, 'a\n'.repeat(100_000));
    const [range] = splitFile(path, 1);
    expect(() => countTokens(range!, () => truncateSync(path, 80_000))).toThrow(/cut was modified or truncated/);
  });
});

describe('preprocess --workers N', () => {
  const preprocess = (workers: number, prefix: string): string => {
    const destdir = join(folder, `${workers}`);
    const languages = ['-s', 'de', '-t', 'en', '--trainpref', join(folder, prefix), '--destdir', destdir];
    const args = ['bin/ts-fairseq.js', 'preprocess', ...languages, '--workers', `${workers}`];
    execFileSync(process.execPath, args, { stdio: 'pipe' });
    return destdir;
  };
  const sentence = (at: number): string =>
    Array.from({ length: at % 40 }, (_, word) => `w${(at * word) % 997}`).join(' ');

  it('writes the same bytes for 1, 2 and 3', () => {
    const lines = Array.from({ length: 20_000 }, (_, at) => `${sentence(at)}\n`).join('');
    for (const lang of ['de', 'en']) writeFileSync(join(folder, `train.${lang}`), lines);
    const bytes = [1, 2, 3].map((workers) => {
      const made = preprocess(workers, 'train');
      const names = readdirSync(made).filter((name) => name !== 'preprocess.log');
      return new Map(names.map((name) => [name, readFileSync(join(made, name)).toString('base64')]));
    });
    expect(bytes[0]!.size).toBe(6);
    expect(bytes[1]!).toEqual(bytes[0]);
    expect(bytes[2]!).toEqual(bytes[0]);
  });

  it('reports how much of the text its threads have read', () => {
    const script = `Promise.all([import('./dist/src/cli/main.js'), import('./dist/src/log.js')]).then(
      async ([{ main }, { log }]) => {
        const positions = {};
        log.attach(({ kind, fields: { label, position, total } }) => {
          if (kind === 'progress') (positions[label] ??= []).push(position / total);
        });
        process.exitCode = await main(process.argv.slice(1));
        process.stdout.write(JSON.stringify(positions));
      },
    );`;
    const languages = ['-s', 'de', '-t', 'en', '--trainpref', join(folder, 'train'), '--destdir', join(folder, 'read')];
    const args = ['-e', script, 'preprocess', ...languages, '--workers', '2'];
    const output = execFileSync(process.execPath, args, { stdio: 'pipe', encoding: 'utf8' });
    const shares = Object.values(JSON.parse(output) as Record<string, number[]>);
    expect(shares).toHaveLength(2);
    for (const positions of shares) {
      expect(positions.length).toBeGreaterThan(10);
      expect(positions).toEqual([...positions].sort((a, b) => a - b));
      expect(positions.at(-1)).toBe(1);
    }
  });

  it('names the line that is not UTF-8 in the share of another thread, in one line, and leaves nothing', () => {
    const lines = Array.from({ length: 20_000 }, (_, at) => `${sentence(at)}\n`).join('');
    writeFileSync(join(folder, 'bad.en'), lines);
    writeFileSync(
      join(folder, 'bad.de'),
      Buffer.concat([Buffer.from(lines), Buffer.from('gut\nsch\xf6n\n', 'latin1')]),
    );
    expect(() => preprocess(4, 'bad')).toThrow(/bad\.de line 20002 is not valid UTF-8/);
    expect(readdirSync(folder)).not.toContain('4');
  });
});
