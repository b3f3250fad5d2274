import { readdirSync } from 'node:fs';
import { UserError } from '../errors.js';

/** The source and target language of a data folder. */
export interface LanguagePair {
  readonly source: string;
  readonly target: string;
}

/**
 * Infers the language pair of a data folder from its file names: two languages with a `dict.LANG.txt` that
 * `SPLIT.SRC-TGT.LANG.idx` names together. A language may contain hyphens and dots, as in `zh-CN`.
 *
 * @throws UserError if the folder has no language pair, or several
 */
export function inferLanguagePair(dataDir: string): LanguagePair {
  const names = namesIn(dataDir);
  const datasets = names.filter((name) => name.endsWith('.idx'));
  const found = pairsOfDictionaries(names, datasets);
  const pairs = found.length > 0 ? found : pairsOfNames(datasets);
  const [pair, ...others] = pairs;
  if (pair !== undefined && others.length === 0) return pair;
  if (others.length > 0) {
    const shown = pairs.map(({ source, target }) => `${source}-${target}`).sort();
    throw new UserError(`${dataDir} has data of several language pairs: ${shown.join(', ')}`, 'choose with -s and -t');
  }
  if (datasets.length > 0) {
    throw new UserError(
      `the languages of ${dataDir} cannot be inferred from its file names (${datasets[0]})`,
      'set them with -s and -t; parallel data is named SPLIT.SRC-TGT.LANG.idx',
    );
  }
  throw new UserError(
    `${dataDir} has no binarised data (train.SRC-TGT.SRC.idx …)`,
    'create it with ts-fairseq preprocess, or give the folder that contains it',
  );
}

/** The language pairs that have dictionaries and occur in the names of datasets. */
function pairsOfDictionaries(names: readonly string[], datasets: readonly string[]): LanguagePair[] {
  const languages = names.flatMap((name) => /^dict\.(.+)\.txt$/.exec(name)?.[1] ?? []);
  const ends = new Set(datasets.map((name) => name.slice(name.indexOf('.'))));
  return languages.flatMap((source) =>
    languages
      .filter((target) => [source, target].some((language) => ends.has(`.${source}-${target}.${language}.idx`)))
      .map((target) => ({ source, target })),
  );
}

/** The language pairs in the names of datasets. The language at the end of a name shows where its pair divides. */
function pairsOfNames(datasets: readonly string[]): LanguagePair[] {
  const pairs = new Map<string, LanguagePair>();
  for (const name of datasets) {
    const [, languages, language] = /^[^.]+\.([^.]+-[^.]+)\.([^.]+)\.idx$/.exec(name) ?? [];
    if (languages === undefined || language === undefined) continue;
    if (languages.startsWith(`${language}-`)) {
      pairs.set(languages, { source: language, target: languages.slice(language.length + 1) });
    } else if (languages.endsWith(`-${language}`)) {
      pairs.set(languages, { source: languages.slice(0, -language.length - 1), target: language });
    }
  }
  return [...pairs.values()];
}

/** The languages with a dictionary in a data folder, sorted; empty if the folder cannot be read. */
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
