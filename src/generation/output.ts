import { formatFixed } from 'sacrebleu-ts';
import type { Dictionary } from '../data/dictionary.js';
import { ESCAPED_UNK } from '../data/dictionary.js';
import type { Hypothesis } from './hypothesis.js';

/** One translation as text, with scores in base 2 as fairseq prints them. */
export interface Translation {
  readonly text: string;
  readonly score: number; // a float32 value
  readonly tokens: readonly string[]; // [tokens], as the model wrote them, the last one </s>
  readonly tokenScores: readonly number[]; // [tokens], with </s>
}

/** A sentence of a split with its translations, best first. */
export interface TranslatedSentence {
  readonly id: number;
  readonly source: string;
  readonly reference: string | null;
  readonly translations: readonly Translation[];
}

const LN_2 = Math.fround(Math.LN2);

/** A natural logarithm in float32 as one of base 2. */
const toBase2 = (logarithm: number): number => Math.fround(logarithm / LN_2);

export interface TextOptions {
  readonly sourceDictionary: Dictionary;
  readonly targetDictionary: Dictionary;
  /** The subword scheme that `--remove-bpe` undoes. */
  readonly postProcess: string | null;
}

/** Ids back to text. `target` null: there is no reference. */
export function toText(
  sentence: { readonly id: number; readonly source: Int32Array; readonly target: Int32Array | null },
  hypotheses: readonly Hypothesis[],
  { sourceDictionary, targetDictionary, postProcess: bpeSymbol }: TextOptions,
): TranslatedSentence {
  return {
    id: sentence.id,
    source: sourceDictionary.string(sentence.source, { bpeSymbol }),
    reference:
      sentence.target === null ? null : targetDictionary.string(sentence.target, { bpeSymbol, unkString: ESCAPED_UNK }),
    translations: hypotheses.map(({ tokens, score, tokenScores }) => ({
      text: targetDictionary.string(tokens, { bpeSymbol }),
      score: toBase2(score),
      tokens: Array.from(tokens, (token) => targetDictionary.symbol(token)),
      tokenScores: [...tokenScores].map(toBase2),
    })),
  };
}

/** The S-, T-, H-, D- and P- lines of a sentence; D is what H is after detokenization, here the same. */
export function outputLines({ id, source, reference, translations }: TranslatedSentence, nbest: number): string[] {
  const lines = [`S-${id}\t${source}`];
  if (reference !== null) lines.push(`T-${id}\t${reference}`);
  for (const { text, score, tokenScores } of translations.slice(0, nbest)) {
    lines.push(`H-${id}\t${score}\t${text}`, `D-${id}\t${score}\t${text}`);
    lines.push(`P-${id}\t${tokenScores.map((value) => formatFixed(value, 4)).join(' ')}`);
  }
  return lines;
}
