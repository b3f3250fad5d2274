import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeIndexedDataset } from '../../src/data/indexed-dataset-writer.js';

const EOS = 2;
const SPECIALS = 4;

/** Makes a data folder of random sentences of equal length, with one vocabulary for source and target. */
export function makeUpData(
  folder: string,
  { vocab, length, sentences }: { readonly vocab: number; readonly length: number; readonly sentences: number },
): string {
  mkdirSync(folder, { recursive: true });
  const words = Array.from({ length: vocab - SPECIALS }, (_, word) => `w${word} 1\n`).join('');
  let state = 1;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  for (const language of ['de', 'en']) {
    writeFileSync(join(folder, `dict.${language}.txt`), words);
    const writer = writeIndexedDataset(join(folder, `train.de-en.${language}`), vocab);
    for (let sentence = 0; sentence < sentences; sentence++) {
      const word = (_: unknown, position: number): number =>
        position === length - 1 ? EOS : SPECIALS + Math.floor(random() * (vocab - SPECIALS));
      writer.add(Int32Array.from({ length }, word));
    }
    writer.finish();
  }
  return folder;
}
