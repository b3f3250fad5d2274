import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openIndexedDataset } from '../../src/data/indexed-dataset.js';
import { writeIndexedDataset } from '../../src/data/indexed-dataset-writer.js';

/** Makes a data folder whose test split has the first sentences of another one. @returns their number and source tokens */
export function copyOfSplit(from: string, to: string, wanted: number): { sentences: number; sourceTokens: number } {
  mkdirSync(to, { recursive: true });
  let [sentences, sourceTokens] = [0, 0];
  for (const language of ['de', 'en']) {
    copyFileSync(join(from, `dict.${language}.txt`), join(to, `dict.${language}.txt`));
    const split = openIndexedDataset(join(from, `test.de-en.${language}`));
    const writer = writeIndexedDataset(join(to, `test.de-en.${language}`), null);
    sentences = Math.min(wanted, split.sizes.length);
    for (let at = 0; at < sentences; at++) {
      writer.add(split.sentence(at));
      if (language === 'de') sourceTokens += split.sizes[at]!;
    }
    writer.finish();
    split.close();
  }
  return { sentences, sourceTokens };
}
