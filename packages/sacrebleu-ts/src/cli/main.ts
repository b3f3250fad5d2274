import { readFileSync } from 'node:fs';
import { SACREBLEU_COMPATIBLE_VERSION } from '../signature.js';
import { DEFAULT_SEED } from '../significance/resample.js';
import { painterOf } from './colors.js';
import { FORMATS, type Values } from './flags.js';
import { helpText } from './help.js';
import type { Host } from './host.js';
import { type Corpus, readCorpus } from './input.js';
import { metricsFrom } from './metrics.js';
import { parseCommandLine } from './parse.js';
import { sentencePieceFrom } from './sentence-piece.js';
import { severalReport } from './several.js';
import { sentenceReport, singleReport } from './single.js';
import { UserError } from './user-error.js';

/** With this many lines that end in ` .`, the text is probably tokenized. */
const SUSPICIOUS_LINES = 100;

/**
 * The command line: prints scores as sacrebleu does.
 * @returns the exit status: 0; 2 for an error of the user (one line on stderr); 70 for a bug (with a stack)
 */
export async function main(argv: readonly string[], host: Host): Promise<number> {
  try {
    host.out(await run(argv, host));
    return 0;
  } catch (error) {
    const isMistake = error instanceof UserError;
    host.err(isMistake ? `sacrebleu-ts: ${error.message}\n` : `${(error as Error).stack}\n`);
    return isMistake ? 2 : 70;
  }
}

async function run(argv: readonly string[], host: Host): Promise<string> {
  const commandLine = parseCommandLine(argv);
  const values = { ...commandLine.values, format: formatOf(commandLine.values, host) };
  if (values.help) return helpText();
  if (values.version) return `sacrebleu-ts ${ownVersion()}, equal to sacrebleu ${SACREBLEU_COMPATIBLE_VERSION}\n`;
  const metrics = metricsFrom(values, await sentencePieceFrom(values));
  const seed = seedOf(host);
  const corpus = readCorpus(commandLine.references, values, host);
  checkCombination(values, corpus.systems.length, metrics.size);
  if (!values.quiet) for (const line of messages(corpus, values)) host.err(`sacreBLEU: ${line}\n`);
  const paint = painterOf(host.isTerminal && !values.noColor && !host.environment.NO_COLOR);
  if (values.sentenceLevel) return sentenceReport(corpus, [...metrics.values()][0]!, values);
  const isPaired = values.pairedAr || values.pairedBs;
  // As in sacrebleu: sorted by name, but in paired tests in the requested order.
  const ordered = isPaired
    ? [...metrics.values()]
    : [...metrics].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, it]) => it);
  const report = corpus.systems.length === 1 ? singleReport : severalReport;
  return report(corpus, ordered, values, seed, paint);
}

/** @throws UserError for flags that contradict each other */
function checkCombination(values: Values, systems: number, metrics: number): void {
  const isPaired = values.pairedAr || values.pairedBs;
  if (values.pairedAr && values.pairedBs)
    throw new UserError('--paired-ar and --paired-bs cannot be combined', 'choose one');
  if (values.sentenceLevel) {
    if (metrics > 1) throw new UserError('--sentence-level requires a single metric', 'choose one with -m');
    if (systems > 1) throw new UserError('--sentence-level requires a single system', 'name one with -i');
    if (values.confidence || isPaired)
      throw new UserError('--sentence-level cannot be combined with a test', 'tests need the whole corpus');
  }
  if (isPaired && systems === 1)
    throw new UserError('a paired test requires several systems', 'name them with -i, the baseline first');
  if (values.confidence && systems > 1) {
    throw new UserError('--confidence requires a single system', 'compare several with --paired-bs or --paired-ar');
  }
}

function* messages({ systems }: Corpus, values: Values): Generator<string> {
  if (systems.length > 1) yield `Found ${systems.length} systems.`;
  if (!values.metrics.includes('bleu') || values.force) return;
  for (const { name, hypotheses } of systems) {
    if (hypotheses.filter((line) => line.endsWith(' .')).length < SUSPICIOUS_LINES) continue;
    yield `${name}: that's ${SUSPICIOUS_LINES} lines that end in a tokenized period ('.'). It looks like you forgot to detokenize, which may hurt your score; --force silences this.`;
  }
}

function formatOf(values: Values, { environment }: Host): Values['format'] {
  const wanted = environment.SACREBLEU_FORMAT?.toLowerCase();
  return FORMATS.find((format) => format === wanted) ?? values.format;
}

/** Null: different random numbers each time. */
function seedOf({ environment }: Host): bigint | null {
  const text = environment.SACREBLEU_SEED ?? String(DEFAULT_SEED);
  if (text.toLowerCase() === 'none') return null;
  if (!/^\d+$/.test(text))
    throw new UserError(`SACREBLEU_SEED is '${text}'`, 'set it to a non-negative integer or None');
  return BigInt(text);
}

function ownVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return (manifest as { version: string }).version;
}
