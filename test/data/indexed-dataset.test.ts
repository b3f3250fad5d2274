import { mkdtempSync, readdirSync, readFileSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openIndexedDataset } from '../../src/data/indexed-dataset.js';
import { writeIndexedDataset } from '../../src/data/indexed-dataset-writer.js';
import type { SentenceStore } from '../../src/data/sentence-store.js';
import { UserError } from '../../src/errors.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const GOLDEN = 'test/golden/data/joined';
const folder = temporaryFolder();
let prefix: string;
let opened: SentenceStore[] = [];

beforeEach(() => {
  prefix = join(mkdtempSync(join(folder, 'test-')), 'train');
});
afterEach(() => {
  for (const store of opened) store.close();
  opened = [];
});

function open(path: string, vocabularySize?: number): SentenceStore {
  const store = openIndexedDataset(path, vocabularySize);
  opened.push(store);
  return store;
}

function write(sentences: readonly (readonly number[])[], vocabularySize: number | null = 1000): void {
  const writer = writeIndexedDataset(prefix, vocabularySize);
  for (const ids of sentences) writer.add(Int32Array.from(ids));
  writer.finish();
}

const read = (store: SentenceStore): number[][] => Array.from(store.sizes, (_, at) => [...store.sentence(at)]);

describe('reading and writing', () => {
  it.each(['train.de-en.de', 'train.de-en.en', 'valid.de-en.de', 'test.de-en.en'])(
    "reproduces fairseq's files byte for byte: %s",
    (name) => {
      write(read(open(join(GOLDEN, name), 648)), 648);
      for (const extension of ['bin', 'idx']) {
        expect(readFileSync(`${prefix}.${extension}`)).toEqual(readFileSync(join(GOLDEN, `${name}.${extension}`)));
      }
    },
  );

  it.each([
    [65_499, 8, 2],
    [65_500, 9, 4],
    [2 ** 32 - 2, 9, 4],
    [2 ** 32 - 1, 5, 8],
    [null, 9, 4],
  ])('stores ids of a vocabulary of %s in type %d of %d bytes', (vocabularySize, code, bytes) => {
    write([[4, 5, 2], [2]], vocabularySize);
    expect(readFileSync(`${prefix}.idx`)[17]).toBe(code);
    expect(readFileSync(`${prefix}.bin`).length).toBe(4 * bytes);
  });

  it('reads what was written, in any order, including empty sentences', () => {
    const ids = fc.array(fc.nat(2 ** 31 - 1), { maxLength: 20 });
    fc.assert(
      fc.property(fc.array(ids), fc.constantFrom(70_000, 2 ** 32), (sentences, vocabularySize) => {
        write(sentences, vocabularySize);
        const store = open(prefix);
        expect([...store.sizes]).toEqual(sentences.map((sentence) => sentence.length));
        for (const at of [...sentences.keys()].reverse()) expect([...store.sentence(at)]).toEqual(sentences[at]);
        store.close();
      }),
      { numRuns: 50 },
    );
  });

  // numpy dtypes by fairseq's code; the value 7 twice
  it.each([
    [1, 'uint8', Uint8Array],
    [2, 'int8', Int8Array],
    [3, 'int16', Int16Array],
    [4, 'int32', Int32Array],
    [6, 'float64', Float64Array],
    [7, 'double', Float64Array],
    [8, 'uint16', Uint16Array],
    [9, 'uint32', Uint32Array],
  ])('reads ids of type %d, %s', (code, _name, Ids) => {
    write([[7, 7]]);
    const index = readFileSync(`${prefix}.idx`);
    index[17] = code;
    writeFileSync(`${prefix}.idx`, index);
    writeFileSync(`${prefix}.bin`, Buffer.from(Ids.from([7, 7]).buffer));
    expect(read(open(prefix))).toEqual([[7, 7]]);
  });

  it.each([5, 10])('reads 64-bit ids, type %d', (code) => {
    write([[7, 300]], 2 ** 33);
    const index = readFileSync(`${prefix}.idx`);
    index[17] = code;
    writeFileSync(`${prefix}.idx`, index);
    expect(read(open(prefix))).toEqual([[7, 300]]);
  });

  it('leaves no files when it is discarded', () => {
    const writer = writeIndexedDataset(prefix, 10);
    writer.add(Int32Array.of(4, 2));
    writer.discard();
    expect(readdirSync(join(prefix, '..'))).toEqual([]);
  });
});

describe('a dataset that is changed while it is open', () => {
  const sentences = [
    [4, 5, 2],
    [6, 7, 8, 2],
  ];

  it('is an error if a sentence is missing or truncated, never zeros', () => {
    write(sentences);
    const store = open(prefix);
    truncateSync(`${prefix}.bin`, 9);
    expect([...store.sentence(0)]).toEqual([4, 5, 2]);
    const missing = 'train.bin is cut short: 5 of 8 bytes at byte 6 are missing; rebuild the data';
    expect(() => store.sentence(1)).toThrow(missing);
    truncateSync(`${prefix}.bin`, 0);
    expect(() => store.sentence(1)).toThrow('8 of 8 bytes at byte 6 are missing');
  });

  it('is an error if other bytes of the same length were written', () => {
    write(sentences);
    const store = open(prefix);
    store.checkUnchanged();
    writeFileSync(`${prefix}.bin`, Buffer.alloc(14));
    utimesSync(`${prefix}.bin`, new Date(), new Date(1e12)); // timestamps of files are coarse
    expect(() => store.checkUnchanged()).toThrow(
      new UserError(
        `${prefix}.bin has changed since it was opened`,
        'run the command again, and do not write to data in use',
      ).message,
    );
  });

  it('stays readable if another dataset replaces it', () => {
    write(sentences);
    const store = open(prefix);
    write([[9, 2]]);
    expect(read(store)).toEqual(sentences);
    store.checkUnchanged();
  });
});

describe('a damaged dataset is an error that names the file', () => {
  const patchIndex = (patch: (bytes: Buffer) => void): void => {
    const bytes = readFileSync(`${prefix}.idx`);
    patch(bytes);
    writeFileSync(`${prefix}.idx`, bytes);
  };

  it.each<[string, () => void, RegExp]>([
    ['another magic', () => patchIndex((bytes) => bytes.write('NOTANIDX')), /train\.idx is not an index of fairseq's/],
    [
      "fairseq's older format",
      () => patchIndex((bytes) => bytes.write('TNTIDX\0\0')),
      /train\.idx is in fairseq's older/,
    ],
    ['another version', () => patchIndex((bytes) => bytes.writeUInt8(2, 9)), /train\.idx has the unknown version 2/],
    ['an unknown type', () => patchIndex((bytes) => bytes.writeUInt8(11, 17)), /train\.idx has the unknown id type 11/],
    [
      'an index cut in its lengths',
      () => truncateSync(`${prefix}.idx`, 30),
      /train\.idx is truncated: 2 sentences need 50/,
    ],
    [
      'an index truncated in its header',
      () => truncateSync(`${prefix}.idx`, 20),
      /train\.idx is truncated: it has 20 bytes/,
    ],
    ['an empty index', () => truncateSync(`${prefix}.idx`, 0), /train\.idx is truncated/],
    [
      'a .bin that is cut',
      () => truncateSync(`${prefix}.bin`, 9),
      /train\.bin is truncated: sentence 1 of 2 ends at byte 10/,
    ],
    [
      'a negative length',
      () => patchIndex((bytes) => bytes.writeInt32LE(-1, 26)),
      /train\.bin is truncated: sentence 0/,
    ],
  ])('%s', (_what, damage, message) => {
    write([
      [4, 5, 2],
      [6, 2],
    ]);
    damage();
    expect(() => open(prefix)).toThrow(UserError);
    expect(() => open(prefix)).toThrow(message);
  });

  it('a missing file', () => {
    expect(() => open(prefix)).toThrow(/train\.idx is missing; check the data folder/);
  });

  it('an id outside the dictionary, when its sentence is read', () => {
    write([
      [4, 2],
      [4, 12, 2],
    ]);
    const store = open(prefix, 12);
    expect([...store.sentence(0)]).toEqual([4, 2]);
    expect(() => store.sentence(1)).toThrow(
      /train\.bin sentence 1 has the id 12, but the dictionary has only 12 symbols/,
    );
  });
});
