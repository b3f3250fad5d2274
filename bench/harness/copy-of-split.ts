import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openIndexedDataset } from '../../src/data/indexed-dataset.js';
import { writeIndexedDataset } from '../../src/data/indexed-dataset-writer.js';

/** A data folder whose test split are the first sentences of another's. @returns their source tokens, `</s>` included */
export function copyOfSplit(from: string, to: string, sentences: number): number {
  mkdirSync(to, { recursive: true });
  let sourceTokens = 0;
  for (const language of ['de', 'en']) {
    copyFileSync(join(from, `dict.${language}.txt`), join(to, `dict.${language}.txt`));
    const split = openIndexedDataset(join(from, `test.de-en.${language}`));
    const writer = writeIndexedDataset(join(to, `test.de-en.${language}`), null);
    for (let at = 0; at < Math.min(sentences, split.sizes.length); at++) {
      writer.add(split.sentence(at));
      if (language === 'de') sourceTokens += split.sizes[at]!;
    }
    writer.finish();
    split.close();
  }
  return sourceTokens;
}
