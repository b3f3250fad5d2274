import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { attempt } from './file-errors.js';
import { writeParallelLinesAtomically } from './lines.js';
import { makeFolder } from './make-folder.js';

/** A message in German or French, and in English. */
export type MessagePair = readonly [source: string, english: string];

export interface EmbeddedCorpusOptions {
  readonly language: 'de' | 'fr';
  /** The folder for `train`, `valid` and `test`, each with the suffixes `.de` or `.fr`, and `.en`. */
  readonly directory: string;
}

const SPLITS = ['train', 'valid', 'test'] as const;
export type SplitName = (typeof SPLITS)[number];

/** Shares in thousandths. With the messages of typescript 6.0.3, the German splits have 1,878, 107 and 133 pairs. */
const VALID_FROM = 881;
const TEST_FROM = 928;

/**
 * Writes a small parallel corpus of real text that is available on every machine: the diagnostic messages of the npm
 * package `typescript` (Apache-2.0) and their translations, as raw text, one per line.
 *
 * Messages that differ only in case, numbers, placeholders or quoted names are in the same split, so that no test
 * message is a training message with another name. The same package version gives the same files.
 *
 * @returns the number of pairs in each split
 * @throws UserError if the files cannot be written
 */
export function makeEmbeddedCorpus({ language, directory }: EmbeddedCorpusOptions): Record<SplitName, number> {
  const splits = splitPairs(readMessagePairs(language));
  attempt(directory, 'written', () => makeFolder(directory));
  for (const name of SPLITS) {
    const paths = [language, 'en'].map((suffix) => join(directory, `${name}.${suffix}`));
    writeParallelLinesAtomically(paths, splits[name]);
  }
  return { train: splits.train.length, valid: splits.valid.length, test: splits.test.length };
}

/** The parts of `ts.Diagnostics` in use; TypeScript does not export its type. */
type Diagnostics = Readonly<Record<string, { readonly key: string; readonly message: string }>>;

/** Reads the messages that have a translation, without duplicates on either side. */
export function readMessagePairs(language: EmbeddedCorpusOptions['language']): MessagePair[] {
  const require = createRequire(import.meta.url);
  const { Diagnostics } = require('typescript') as { Diagnostics: Diagnostics };
  const translations = require(`typescript/lib/${language}/diagnosticMessages.generated.json`) as Record<
    string,
    string
  >;
  const seen = { sources: new Set<string>(), english: new Set<string>() };
  const pairs: MessagePair[] = [];
  for (const { key, message } of Object.values(Diagnostics)) {
    const source = translations[key];
    if (source === undefined || seen.sources.has(source) || seen.english.has(message)) continue;
    seen.sources.add(source);
    seen.english.add(message);
    pairs.push([source, message]);
  }
  return pairs;
}

/** Normalizes a message: removes case, quoted names, placeholder numbers and digits. */
export function skeletonOf(english: string): string {
  return english
    .toLowerCase()
    .replace(/(?<![\p{L}\p{N}])(['"`])(?:(?!\1).)*\1/gu, '""')
    .replace(/\{\d+\}/g, '{}')
    .replace(/\d+/g, '0');
}

/** Assigns pairs to splits by a hash of the English skeleton. */
export function splitPairs(pairs: readonly MessagePair[]): Record<SplitName, MessagePair[]> {
  const splits: Record<SplitName, MessagePair[]> = { train: [], valid: [], test: [] };
  for (const pair of pairs) splits[splitOf(skeletonOf(pair[1]))].push(pair);
  return splits;
}

function splitOf(skeleton: string): SplitName {
  const share = createHash('sha256').update(skeleton).digest().readUInt32BE(0) % 1000;
  if (share < VALID_FROM) return 'train';
  return share < TEST_FROM ? 'valid' : 'test';
}
