import { appendFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { log } from '../log.js';
import { writeAlignmentDictionary } from './alignment-dictionary.js';
import { binarizeAlignments, binarizeText } from './binarize.js';
import { buildDictionary } from './build-dictionary.js';
import { CorpusPool } from './corpus/corpus-pool.js';
import type { Dictionary } from './dictionary.js';
import { loadDictionary, saveDictionary } from './dictionary-file.js';
import type { PreprocessOptions } from './preprocess-options.js';
import { describeBinarized } from './preprocess-report.js';
import { readingProgress } from './reading-progress.js';
import { publishTogether } from './staging.js';

/** A language of the corpus. `lang` is null for text without a language suffix (`--only-source` without `-s`). */
interface Side {
  readonly lang: string | null;
  readonly dictionaryPath: string | null;
  readonly threshold: number;
  readonly nwords: number;
}

interface Split {
  readonly name: string;
  /** Path of the text without the language suffix. */
  readonly prefix: string;
}

/**
 * Builds dictionaries and binarised splits from parallel text: fairseq's `preprocess`, byte for byte. All files appear
 * together at the end; after an error, none appears.
 *
 * @throws UserError if text is missing, empty, not parallel or not UTF-8, if options conflict, or if a dictionary
 *   already exists
 */
export async function preprocess(options: PreprocessOptions): Promise<void> {
  const sides = corpusSides(options);
  refuseExistingDictionaries(sides, options.destdir);
  const messages = [JSON.stringify(options)];
  const report = (message: string): void => {
    log.message(message);
    messages.push(message);
  };
  await publishTogether(options.destdir, async (staging) => {
    const pool = new CorpusPool(options.workers);
    try {
      await fill(staging, pool);
    } finally {
      await pool.close();
    }
  });
  report(`Wrote preprocessed data to ${options.destdir}`);
  appendFileSync(join(options.destdir, 'preprocess.log'), `${messages.join('\n')}\n`);

  async function fill(staging: string, pool: CorpusPool): Promise<void> {
    const sources = dictionarySources(sides, options);
    pool.onRead = readingProgress(
      'counting words, MB',
      sources.flatMap(({ texts }) => texts),
    );
    const made = await Promise.all(
      sources.map(async ({ dictionaryPath, texts, threshold, nwords }) =>
        dictionaryPath === null
          ? buildDictionary(texts, pool, { threshold, nwords, paddingFactor: options.paddingFactor })
          : loadDictionary(dictionaryPath),
      ),
    );
    const dictionaries = sides.map((_, at) => made[at] ?? made[0]!);
    for (const [at, { lang }] of sides.entries())
      saveDictionary(dictionaries[at]!, join(staging, dictionaryName(lang)));
    if (options.dictOnly) return;
    const paths = dictionaries.map((dictionary) =>
      join(staging, dictionaryName(sides[dictionaries.indexOf(dictionary)]!.lang)),
    );
    for (const [at, path] of paths.entries())
      if (paths.indexOf(path) === at) pool.cacheDictionary(path, dictionaries[at]!);
    const splitTexts = corpusSplits(options).flatMap(({ prefix }) => sides.map(({ lang }) => textPath(prefix, lang)));
    pool.onRead = readingProgress('binarising, MB', splitTexts);
    const jobs = corpusSplits(options).map((split) =>
      binarizeSplit(split, sides, staging, options, pool, { dictionaries, paths }),
    );
    for (const job of jobs) job.catch(() => {}); // thrown below, that of the first split first
    const splits: BinarizedSplit[] = [];
    for (const job of jobs) splits.push(await job);
    // In fairseq's order: all splits of one language, then of the other.
    for (const side of sides.keys()) for (const { messages } of splits) messages[side]!.forEach(report);
    if (options.alignSuffix !== null) binarizeSplitAlignments(options.alignSuffix, splits, staging, options, report);
    if (options.alignfile !== null) alignDictionaries(options.alignfile, dictionaries, staging, options);
  }
}

function corpusSides(options: PreprocessOptions): readonly Side[] {
  const { sourceLang, targetLang, onlySource } = options;
  const source: Side = {
    lang: sourceLang,
    dictionaryPath: options.srcdict,
    threshold: options.thresholdsrc,
    nwords: options.nwordssrc,
  };
  if (onlySource) return [source];
  if (sourceLang === null || targetLang === null) {
    const missing = sourceLang === null ? '-s/--source-lang' : '-t/--target-lang';
    throw new UserError(`${missing} is not given`, 'name both languages, e.g. -s de -t en, or add --only-source');
  }
  const target: Side = {
    lang: targetLang,
    dictionaryPath: options.tgtdict,
    threshold: options.thresholdtgt,
    nwords: options.nwordstgt,
  };
  return sourceLang === targetLang ? [sharedSide(source, target, options.joinedDictionary)] : [source, target];
}

/**
 * The single side of `-s en -t en`, whose files serve as source and as target.
 * @throws UserError if the options of the two sides ask for different dictionaries: both would be `dict.en.txt`
 */
function sharedSide(source: Side, target: Side, isJoined: boolean): Side {
  const dictionaryPath = source.dictionaryPath ?? target.dictionaryPath;
  const isAlike =
    (target.dictionaryPath ?? dictionaryPath) === dictionaryPath &&
    (isJoined || dictionaryPath !== null || (source.threshold === target.threshold && source.nwords === target.nwords));
  if (isAlike) return { ...source, dictionaryPath };
  throw new UserError(
    `source and target are both ${source.lang}, and their dictionaries differ`,
    'use the same options for both dictionaries, or give the files of the two sides different suffixes and pass these with -s and -t',
  );
}

function corpusSplits({ trainpref, validpref, testpref }: PreprocessOptions): readonly Split[] {
  const parts = (name: string, prefixes: string | null): Split[] =>
    (prefixes?.split(',') ?? []).map((prefix, part) => ({ name: part === 0 ? name : `${name}${part}`, prefix }));
  const train = trainpref === null ? [] : [{ name: 'train', prefix: trainpref }];
  return [...train, ...parts('valid', validpref), ...parts('test', testpref)];
}

const textPath = (prefix: string, lang: string | null): string => (lang === null ? prefix : `${prefix}.${lang}`);
const dictionaryName = (lang: string | null): string => (lang === null ? 'dict.txt' : `dict.${lang}.txt`);

function refuseExistingDictionaries(sides: readonly Side[], destdir: string): void {
  for (const { lang, dictionaryPath } of sides) {
    const path = join(destdir, dictionaryName(lang));
    if (dictionaryPath === null && existsSync(path)) {
      throw new UserError(
        `${path} already exists`,
        'use it with --srcdict or --tgtdict, remove it, or choose another --destdir',
      );
    }
  }
}

/** The source of a dictionary: a file or training texts. */
interface DictionarySource extends Pick<Side, 'dictionaryPath' | 'threshold' | 'nwords'> {
  readonly texts: readonly string[];
}

/** One source per side; with `--joined-dictionary`, one for all sides. */
function dictionarySources(
  sides: readonly Side[],
  { trainpref, joinedDictionary, srcdict, tgtdict }: PreprocessOptions,
): readonly DictionarySource[] {
  const source = (dictionaryPath: string | null, side: Side, of: readonly Side[]): DictionarySource => {
    if (dictionaryPath !== null) return { ...side, dictionaryPath, texts: [] };
    if (trainpref !== null) return { ...side, dictionaryPath, texts: of.map(({ lang }) => textPath(trainpref, lang)) };
    throw new UserError('there is nothing to build a dictionary from', 'give --trainpref, or --srcdict and --tgtdict');
  };
  if (!joinedDictionary) return sides.map((side) => source(side.dictionaryPath, side, [side]));
  if (srcdict !== null && tgtdict !== null && srcdict !== tgtdict) {
    throw new UserError('--joined-dictionary allows only one dictionary', 'give either --srcdict or --tgtdict');
  }
  return [source(srcdict ?? tgtdict, sides[0]!, sides)];
}

/** `SPLIT.SRC-TGT.LANG`, or `SPLIT` for text without a language. */
function datasetName(split: string, lang: string | null, { sourceLang, targetLang }: PreprocessOptions): string {
  // fairseq writes Python's None for the target language if --only-source omits it.
  return lang === null ? split : `${split}.${sourceLang}-${targetLang ?? 'None'}.${lang}`;
}

interface BinarizedSplit extends Split {
  readonly sentences: number;
  /** The messages to report for each side. */
  readonly messages: readonly (readonly string[])[];
}

async function binarizeSplit(
  { name, prefix }: Split,
  sides: readonly Side[],
  staging: string,
  options: PreprocessOptions,
  pool: CorpusPool,
  { dictionaries, paths }: { dictionaries: readonly Dictionary[]; paths: readonly string[] },
): Promise<BinarizedSplit> {
  const counts = await Promise.all(
    sides.map(async ({ lang }, at) => {
      const { size } = dictionaries[at]!;
      const path = textPath(prefix, lang);
      const to = join(staging, datasetName(name, lang, options));
      const summary = await binarizeText(path, { dictionary: paths[at]!, size }, to, pool);
      const messages = [`Dictionary: ${size} types`, `${path}: ${describeBinarized(summary)}`];
      return {
        path,
        sentences: summary.sentences,
        messages: messages.map((message) => `[${lang ?? 'None'}] ${message}`),
      };
    }),
  );
  const [source, target] = counts;
  if (source !== undefined && target !== undefined && source.sentences !== target.sentences) {
    throw new UserError(
      `${source.path} has ${source.sentences} lines, ${target.path} has ${target.sentences}`,
      'the two files of a split must be parallel, line by line',
    );
  }
  return { name, prefix, sentences: source!.sentences, messages: counts.map(({ messages }) => messages) };
}

function binarizeSplitAlignments(
  suffix: string,
  splits: readonly BinarizedSplit[],
  staging: string,
  { onlySource, sourceLang, targetLang }: PreprocessOptions,
  report: (message: string) => void,
): void {
  const languages = onlySource ? '' : `.${sourceLang}-${targetLang}`;
  const aligned = splits.map((split) => ({ ...split, path: `${split.prefix}.${suffix}` })).filter(hasAlignments);
  if (aligned.length === 0) log.warning(`no split has word alignments: no file is named PREFIX.${suffix}`);
  for (const { name, path, sentences } of aligned) {
    const lines = binarizeAlignments(path, join(staging, `${name}.align${languages}`));
    if (lines !== sentences) {
      throw new UserError(
        `${path} has ${lines} lines, but its split has ${sentences}`,
        'write one line of word alignments per sentence pair, empty if nothing is aligned',
      );
    }
    report(`[alignments] ${path}: parsed ${lines} alignments`);
  }
}

const hasAlignments = ({ path }: { readonly path: string }): boolean => existsSync(path);

function alignDictionaries(
  alignfile: string,
  dictionaries: readonly Dictionary[],
  staging: string,
  { trainpref, sourceLang, targetLang }: PreprocessOptions,
): void {
  const [sourceDictionary, targetDictionary = sourceLang === targetLang ? sourceDictionary : undefined] = dictionaries;
  if (trainpref === null || sourceDictionary === undefined || targetDictionary === undefined) {
    throw new UserError('--alignfile requires a parallel training text', 'give --trainpref and both languages');
  }
  writeAlignmentDictionary(join(staging, `alignment.${sourceLang}-${targetLang}.txt`), {
    alignments: alignfile,
    source: { path: textPath(trainpref, sourceLang), dictionary: sourceDictionary },
    target: { path: textPath(trainpref, targetLang), dictionary: targetDictionary },
  });
}
