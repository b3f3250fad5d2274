import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { attempt } from './file-errors.js';
import { writeParallelLinesAtomically } from './lines.js';
import { makeFolder } from './make-folder.js';

/** A message in German or French, and in English. */
export type MessagePair = readonly [source: string, english: string];

/** Which corpus to make, and where. */
export interface EmbeddedCorpusOptions {
  readonly language: 'de' | 'fr';
  /** The folder for `train`, `valid` and `test`, each with the suffixes `.de` or `.fr`, and `.en`. */
  readonly directory: string;
}

const SPLITS = ['train', 'valid', 'test'] as const;

/** The name of a split. */
export type SplitName = (typeof SPLITS)[number];

/** Shares in thousandths. With the messages of typescript 6.0.3, the German splits have 1,878, 107 and 133 pairs. */
const VALID_FROM = 881;
const TEST_FROM = 928;

/**
 * Writes a small parallel corpus of real text that is available on every machine: the diagnostic messages of the npm
 * package `typescript` (Apache-2.0) and their translations, as raw text, one per line. `typescript` is a
 * development dependency: a clone has it, an installed `ts-fairseq` does not.
 *
 * Messages that differ only in case, numbers, placeholders or quoted names are in the same split, so that no test
 * message is a training message with another name. The same package version gives the same files.
 *
 * @returns the number of pairs in each split
 * @throws UserError if the package `typescript` is not installed or the files cannot be written
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

/** Returns the exports of a module or the contents of a JSON file of a package, as `require` does. */
type LoadModule = (name: string) => unknown;

/**
 * Reads the messages that have a translation, without duplicates on either side.
 * @throws UserError if the package `typescript` is not installed
 */
export function readMessagePairs(
  language: EmbeddedCorpusOptions['language'],
  load: LoadModule = createRequire(import.meta.url),
): MessagePair[] {
  const { Diagnostics } = fromTypescript(load, 'typescript') as { Diagnostics: Diagnostics };
  const file = `typescript/lib/${language}/diagnosticMessages.generated.json`;
  const translations = fromTypescript(load, file) as Record<string, string>;
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

function fromTypescript(load: LoadModule, name: string): unknown {
  try {
    return load(name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    throw new UserError(
      `the embedded corpus is made from the npm package typescript, but the module '${name}' is not installed`,
      'install it with npm install --no-save typescript@6.0.3',
      { cause: error },
    );
  }
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
