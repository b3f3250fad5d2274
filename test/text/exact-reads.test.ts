import * as fs from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { loadCheckpoint, saveCheckpoint } from '../../src/checkpoint/checkpoint.js';
import { splitFile } from '../../src/data/corpus/byte-range.js';
import { countTokens } from '../../src/data/corpus/count-tokens.js';
import { openIndexedDataset } from '../../src/data/indexed-dataset.js';
import { preprocess } from '../../src/data/preprocess.js';
import { preprocessOptions } from '../../src/data/preprocess-options.js';
import { UserError } from '../../src/errors.js';
import { selectOptions } from '../../src/options/select.js';
import { checkUnchanged, fileIdentity, readExactly, readWhole } from '../../src/text/exact-reads.js';
import { readLines } from '../../src/text/lines.js';
import { sampleCheckpoint } from '../checkpoint/sample.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

/** The maximum number of bytes per read, as with a busy or networked disk. */
let mostBytes = Number.POSITIVE_INFINITY;

vi.mock('node:fs', async (importOriginal) => {
  const real = await importOriginal<typeof fs>();
  const readSync = (file: number, buffer: Uint8Array, offset: number, length: number, position: number | null) =>
    real.readSync(file, buffer, offset, Math.min(length, mostBytes), position);
  return { ...real, readSync };
});

const folder = temporaryFolder();
const path = join(folder, 'file');

beforeEach(() => {
  mostBytes = Number.POSITIVE_INFINITY;
});

const withFile = <T>(use: (file: number) => T): T => {
  const file = fs.openSync(path, 'r');
  try {
    return use(file);
  } finally {
    fs.closeSync(file);
  }
};

describe('a read of a number of bytes', () => {
  it('is repeated until it is complete', () => {
    fs.writeFileSync(path, 'abcdefgh');
    mostBytes = 3;
    const bytes = withFile((file) => readExactly({ file, path, remedy: 'r' }, 1, 7));
    expect(Buffer.from(bytes).toString()).toBe('bcdefgh');
  });

  it('past the end of the file reports the file, the missing bytes and the remedy', () => {
    fs.writeFileSync(path, 'abcdefgh');
    const read = (): Uint8Array => withFile((file) => readExactly({ file, path, remedy: 'copy it again' }, 6, 5));
    expect(read).toThrow(
      new UserError(`${path} is cut short: 3 of 5 bytes at byte 6 are missing`, 'copy it again').message,
    );
    expect(read).toThrow(UserError);
  });

  it('of a folder is an error in one line', () => {
    expect(() => readWhole(folder)).toThrow(`${folder} cannot be read (it is a folder)`);
  });
});

describe('a whole file', () => {
  it.each([1, 5, 1000])('is read in steps of at most %i bytes', (most) => {
    const content = 'x'.repeat(100);
    fs.writeFileSync(path, content);
    mostBytes = most;
    expect(readWhole(path).toString()).toBe(content);
  });

  it('without a size is read to its end', () => {
    expect(readWhole('/proc/self/stat').length).toBeGreaterThan(10);
    expect(readWhole('/dev/null')).toHaveLength(0);
  });
});

describe('a file that was opened', () => {
  it.each<[string, () => void]>([
    ['cut', () => fs.truncateSync(path, 3)],
    ['longer', () => fs.appendFileSync(path, 'more')],
    ['rewritten', () => fs.utimesSync(path, new Date(), new Date(1e12))],
  ])('and is %s has changed', (_, change) => {
    fs.writeFileSync(path, 'abcdefgh');
    withFile((file) => {
      const identity = fileIdentity(fs.fstatSync(file));
      const check = (): void => checkUnchanged(path, identity, fs.fstatSync(file), 'start again');
      check();
      change();
      expect(check).toThrow(`${path} has changed since it was opened; start again`);
    });
  });
});

describe('short reads do not change', () => {
  const text = Array.from({ length: 300 }, (_, at) => `a b${at % 7} ü${'x'.repeat(at)}\n`).join('');

  it('the lines of a text', () => {
    fs.writeFileSync(path, text);
    mostBytes = 7;
    expect([...readLines(path)]).toEqual(text.split('\n').slice(0, -1));
  });

  it('the counts of its tokens, share by share', () => {
    fs.writeFileSync(path, text);
    const count = (): unknown => splitFile(path, 4, 1).map((range) => countTokens(range));
    const whole = count();
    mostBytes = 5;
    expect(count()).toEqual(whole);
  });

  it('its preprocessed data, and what is read from them', async () => {
    const make = async (name: string): Promise<readonly [unknown, unknown]> => {
      for (const language of ['xx', 'yy']) fs.writeFileSync(join(folder, `train.${language}`), text);
      const destdir = join(folder, name);
      const options = { sourceLang: 'xx', targetLang: 'yy', trainpref: join(folder, 'train'), destdir };
      await preprocess(selectOptions(preprocessOptions, options));
      const store = openIndexedDataset(join(destdir, 'train.xx-yy.xx'));
      const sentences = Array.from(store.sizes, (_, at) => store.sentence(at));
      store.close();
      const files = ['dict.xx.txt', 'train.xx-yy.xx.bin', 'train.xx-yy.yy.idx'];
      return [files.map((file) => fs.readFileSync(join(destdir, file), 'base64')), sentences];
    };
    const whole = await make('whole');
    mostBytes = 3;
    expect(await make('short')).toEqual(whole);
  });

  it.each(['checkpoint', 'checkpoint.pt'])('a checkpoint, %s', (name) => {
    const stem = join(folder, name);
    saveCheckpoint(stem, sampleCheckpoint(1, 2, 3));
    const whole = loadCheckpoint(stem, { optimizer: true });
    mostBytes = 1;
    expect(loadCheckpoint(stem, { optimizer: true })).toEqual(whole);
  });
});
