import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { preprocess } from '../../src/data/preprocess.js';
import { preprocessOptions } from '../../src/data/preprocess-options.js';
import { selectOptions } from '../../src/options/select.js';

const SIZES = { train: 40, valid: 8 };

/** Line `index`, of 1 to 7 words, in an artificial language with eight words. */
function line(index: number, shift: number): string {
  const length = 1 + ((index * 5 + shift) % 7);
  return Array.from({ length }, (_, position) => 'abcdefgh'[(index * 3 + position * (1 + shift)) % 8]).join(' ');
}

/** Binarises a tiny corpus of two artificial languages, `xx` and `yy`. @returns the data folder */
export async function makeToyData(folder: string, words = ''): Promise<string> {
  const destdir = join(folder, 'data-bin');
  for (const [split, size] of Object.entries(SIZES)) {
    for (const [shift, language] of ['xx', 'yy'].entries()) {
      const lines = Array.from({ length: size }, (_, index) => `${line(index, shift)}${words}\n`);
      writeFileSync(join(folder, `${split}.${language}`), lines.join(''));
    }
  }
  const prefixes = { trainpref: join(folder, 'train'), validpref: join(folder, 'valid') };
  await preprocess(selectOptions(preprocessOptions, { sourceLang: 'xx', targetLang: 'yy', ...prefixes, destdir }));
  return destdir;
}
