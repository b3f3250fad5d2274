import { formatFixed } from 'sacrebleu-ts';
import type { Dictionary } from '../data/dictionary.js';
import { ESCAPED_UNK } from '../data/dictionary.js';
import { type Alignment, alignHypothesis, formatAlignment } from './alignment.js';
import type { Hypothesis } from './hypothesis.js';

/** One translation as text, with scores in base 2 as fairseq prints them. */
export interface Translation {
  readonly text: string;
  readonly score: number; // a float32 value
  readonly tokens: readonly string[]; // [tokens], as the model wrote them, the last one </s>
  readonly tokenScores: readonly number[]; // [tokens], with </s>
  readonly alignment: Alignment | null;
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
  /** The kind of alignment that `--print-alignment` asks for. */
  readonly printAlignment: Alignment['kind'] | null;
}

/** Ids back to text. `target` null: there is no reference. */
export function toText(
  sentence: { readonly id: number; readonly source: Int32Array; readonly target: Int32Array | null },
  hypotheses: readonly Hypothesis[],
  { sourceDictionary, targetDictionary, postProcess: bpeSymbol, printAlignment }: TextOptions,
): TranslatedSentence {
  const align = (hypothesis: Hypothesis): Alignment | null =>
    printAlignment === null
      ? null
      : alignHypothesis(hypothesis, sentence.source, sourceDictionary.eosIndex, printAlignment);
  return {
    id: sentence.id,
    source: sourceDictionary.string(sentence.source, { bpeSymbol }),
    reference:
      sentence.target === null ? null : targetDictionary.string(sentence.target, { bpeSymbol, unkString: ESCAPED_UNK }),
    translations: hypotheses.map((hypothesis) => ({
      text: targetDictionary.string(hypothesis.tokens, { bpeSymbol }),
      score: toBase2(hypothesis.score),
      tokens: Array.from(hypothesis.tokens, (token) => targetDictionary.symbol(token)),
      tokenScores: [...hypothesis.tokenScores].map(toBase2),
      alignment: align(hypothesis),
    })),
  };
}

/** The S-, T-, H-, D-, P- and A- lines of a sentence; D is what H is after detokenization, here the same. */
export function outputLines({ id, source, reference, translations }: TranslatedSentence): string[] {
  const lines = [`S-${id}\t${source}`];
  if (reference !== null) lines.push(`T-${id}\t${reference}`);
  for (const { text, score, tokenScores, alignment } of translations) {
    lines.push(`H-${id}\t${score}\t${text}`, `D-${id}\t${score}\t${text}`);
    lines.push(`P-${id}\t${tokenScores.map((value) => formatFixed(value, 4)).join(' ')}`);
    if (alignment !== null) lines.push(`A-${id}\t${formatAlignment(alignment)}`);
  }
  return lines;
}
