import { readdirSync } from 'node:fs';
import { UserError } from '../errors.js';

export interface LanguagePair {
  readonly source: string;
  readonly target: string;
}

/**
 * The language pair of a data folder, from the names of its files, `SPLIT.SRC-TGT.LANG.idx`.
 *
 * @throws UserError if there is none, or more than one
 */
export function inferLanguagePair(dataDir: string): LanguagePair {
  const pairs = new Set(
    namesIn(dataDir).flatMap((name) => /^[^.]+\.([^.-]+-[^.-]+)\.[^.]+\.idx$/.exec(name)?.[1] ?? []),
  );
  const [pair, ...others] = [...pairs].sort();
  if (pair === undefined) {
    throw new UserError(
      `${dataDir} has no binarised data (train.SRC-TGT.SRC.idx …)`,
      'make it with ts-fairseq preprocess, or name the languages with -s and -t',
    );
  }
  if (others.length > 0) {
    throw new UserError(
      `${dataDir} has data of several pairs: ${[pair, ...others].join(', ')}`,
      'choose with -s and -t',
    );
  }
  const [source, target] = pair.split('-') as [string, string];
  return { source, target };
}

/**
 * The languages whose dictionaries a data folder has, by name; none where it cannot be read.
 */
export function languagesIn(dataDir: string): string[] {
  try {
    return readdirSync(dataDir)
      .flatMap((name) => /^dict\.(.+)\.txt$/.exec(name)?.[1] ?? [])
      .sort();
  } catch {
    return [];
  }
}

function namesIn(dataDir: string): string[] {
  try {
    return readdirSync(dataDir);
  } catch (cause) {
    throw new UserError(`the data folder ${dataDir} cannot be read`, 'give the --destdir of ts-fairseq preprocess', {
      cause,
    });
  }
}
