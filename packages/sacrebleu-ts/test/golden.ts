import { readFileSync } from 'node:fs';
import {
  Bleu,
  type BleuOptions,
  Chrf,
  type ChrfOptions,
  type Metric,
  type SmoothMethod,
  Ter,
  type TerOptions,
  type TokenizerName,
} from '../src/index.js';

/** Options under the names that sacrebleu gives them in Python. */
export type PythonOptions = Readonly<Record<string, string | number | boolean>>;

export type MetricName = 'bleu' | 'chrf' | 'ter';

/** `{ smooth_method: 'exp' }` is `{ smoothMethod: 'exp' }`. */
export function metricFrom(name: MetricName, options: PythonOptions): Metric {
  const own = Object.fromEntries(
    Object.entries(options).map(([key, value]) => [key.replace(/_(.)/g, (_, letter) => letter.toUpperCase()), value]),
  );
  if (name === 'bleu') return new Bleu(own as BleuOptions);
  return name === 'chrf' ? new Chrf(own as ChrfOptions) : new Ter(own as TerOptions);
}

interface ScoreCase {
  readonly set: string;
  readonly options: PythonOptions;
  readonly score: number;
  readonly text: string;
  readonly signature: string;
}

export interface BleuCase extends ScoreCase {
  readonly metric: 'bleu';
  readonly counts: number[];
  readonly totals: number[];
  readonly precisions: number[];
  readonly bp: number;
  readonly sys_len: number;
  readonly ref_len: number;
}

interface OtherCase extends ScoreCase {
  readonly metric: 'chrf' | 'ter';
}

interface SentenceCase {
  readonly set: string;
  readonly metric: 'sentence-bleu';
  readonly options: PythonOptions;
  readonly scores: number[];
}

interface SmallCorpus {
  readonly name: string;
  readonly hypotheses: string[];
  readonly references: (string | null)[][];
  readonly options: PythonOptions & { readonly smooth_method?: SmoothMethod };
  readonly score: number;
  readonly text: string;
  readonly signature: string;
  readonly short: string;
  readonly full: string;
}

interface Golden {
  readonly sets: { readonly name: string; readonly hypotheses: string[]; readonly references: string[][] }[];
  readonly cases: (BleuCase | OtherCase | SentenceCase)[];
  readonly extra: SmallCorpus[];
  readonly tokenized: {
    readonly lines: string[];
    readonly words: Record<TokenizerName, string[][]>;
    readonly lowercase: string[][];
  };
  readonly fixed: [value: number, digits: number, text: string][];
}

export const read = <T>(path: string): T => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as T;

export const golden = read<Golden>('../../../test/golden/bleu/sacrebleu.json');

export const corpusCases = golden.cases.filter((entry) => entry.metric !== 'sentence-bleu');
export const sentenceCases = golden.cases.filter((entry) => entry.metric === 'sentence-bleu');

export function corpusNamed(name: string): Golden['sets'][number] {
  return golden.sets.find((set) => set.name === name)!;
}
