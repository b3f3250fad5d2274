import { readdirSync } from 'node:fs';
import { UserError } from '../errors.js';

/** The source and target language of a data folder. */
export interface LanguagePair {
  readonly source: string;
  readonly target: string;
}

/**
 * The language pair of a data folder, from the names of its files: the languages of `dict.LANG.txt` that stand together in
 * `SPLIT.SRC-TGT.LANG.idx`. A language may hold hyphens and dots, as in `zh-CN`.
 *
 * @throws UserError if there is none, or more than one
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
    throw new UserError(`${dataDir} has data of several pairs: ${shown.join(', ')}`, 'choose with -s and -t');
  }
  if (datasets.length > 0) {
    throw new UserError(
      `the languages of ${dataDir} cannot be told from the names of its files (${datasets[0]})`,
      'name them with -s and -t; parallel data are named SPLIT.SRC-TGT.LANG.idx',
    );
  }
  throw new UserError(
    `${dataDir} has no binarised data (train.SRC-TGT.SRC.idx …)`,
    'make it with ts-fairseq preprocess, or give the folder that holds it',
  );
}

/** The pairs of languages with dictionaries that datasets are named by. */
function pairsOfDictionaries(names: readonly string[], datasets: readonly string[]): LanguagePair[] {
  const languages = names.flatMap((name) => /^dict\.(.+)\.txt$/.exec(name)?.[1] ?? []);
  const ends = new Set(datasets.map((name) => name.slice(name.indexOf('.'))));
  return languages.flatMap((source) =>
    languages
      .filter((target) => [source, target].some((language) => ends.has(`.${source}-${target}.${language}.idx`)))
      .map((target) => ({ source, target })),
  );
}

/** The pairs that the names of datasets hold by themselves: the language that ends a name is one of its pair. */
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
