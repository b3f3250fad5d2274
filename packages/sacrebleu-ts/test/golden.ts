import { readFileSync } from 'node:fs';
import type { BleuOptions, SmoothMethod, TokenizerName } from '../src/index.js';

/** Options under the names that sacrebleu gives them in Python. */
export interface PythonOptions {
  readonly tokenize?: TokenizerName;
  readonly lowercase?: boolean;
  readonly smooth_method?: SmoothMethod;
  readonly smooth_value?: number;
  readonly max_ngram_order?: number;
  readonly effective_order?: boolean;
}

interface CorpusCase {
  readonly set: string;
  readonly metric: 'bleu';
  readonly options: PythonOptions;
  readonly score: number;
  readonly counts: number[];
  readonly totals: number[];
  readonly precisions: number[];
  readonly bp: number;
  readonly sys_len: number;
  readonly ref_len: number;
  readonly text: string;
  readonly signature: string;
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
  readonly options: PythonOptions;
  readonly score: number;
  readonly text: string;
  readonly signature: string;
  readonly short: string;
  readonly full: string;
}

interface Golden {
  readonly sets: { readonly name: string; readonly hypotheses: string[]; readonly references: string[][] }[];
  readonly cases: (CorpusCase | SentenceCase)[];
  readonly extra: SmallCorpus[];
  readonly tokenized: {
    readonly lines: string[];
    readonly words: Record<TokenizerName, string[][]>;
    readonly lowercase: string[][];
  };
  readonly fixed: [value: number, digits: number, text: string][];
}

const file = new URL('../../../test/golden/bleu/sacrebleu.json', import.meta.url);
export const golden = JSON.parse(readFileSync(file, 'utf8')) as Golden;

export const corpusCases = golden.cases.filter((entry) => entry.metric === 'bleu');
export const sentenceCases = golden.cases.filter((entry) => entry.metric === 'sentence-bleu');

export function corpusNamed(name: string): Golden['sets'][number] {
  return golden.sets.find((set) => set.name === name)!;
}

export function optionsFrom(options: PythonOptions): BleuOptions {
  return {
    ...(options.tokenize !== undefined && { tokenize: options.tokenize }),
    ...(options.lowercase !== undefined && { lowercase: options.lowercase }),
    ...(options.smooth_method !== undefined && { smoothMethod: options.smooth_method }),
    ...(options.smooth_value !== undefined && { smoothValue: options.smooth_value }),
    ...(options.max_ngram_order !== undefined && { maxNgramOrder: options.max_ngram_order }),
    ...(options.effective_order !== undefined && { effectiveOrder: options.effective_order }),
  };
}
