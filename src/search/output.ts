import { formatFixed } from 'sacrebleu-ts/format';
import type { Dictionary } from '../data/dictionary.js';
import { ESCAPED_UNK } from '../data/dictionary.js';
import { type Alignment, alignHypothesis, formatAlignment } from './alignment.js';
import { formatFloat } from './format-float.js';
import type { Hypothesis } from './hypothesis.js';

/** A translation as text, with scores in base 2 as fairseq prints them. */
export interface Translation {
  readonly text: string; // tokens separated by spaces
  /** The text with tokens and subwords joined; equal to `text` without a tokenizer and a subword scheme. */
  readonly detokenized: string;
  readonly score: number; // float32
  readonly tokens: readonly string[]; // [tokens], output of the model, ending with </s>
  readonly tokenScores: readonly number[]; // [tokens], including </s>
  readonly alignment: Alignment | null; // null unless requested
}

/** A sentence of a split with its translations, best first. */
export interface TranslatedSentence {
  readonly id: number;
  readonly source: string;
  readonly reference: string | null;
  readonly detokenizedReference: string | null;
  readonly translations: readonly Translation[];
}

const LN_2 = Math.fround(Math.LN2);

/** Converts a natural logarithm to base 2, in float32. */
const toBase2 = (logarithm: number): number => Math.fround(logarithm / LN_2);

/** How a hypothesis becomes text. */
export interface TextOptions {
  readonly sourceDictionary: Dictionary;
  readonly targetDictionary: Dictionary;
  /** The subword scheme of `--remove-bpe`; null leaves subwords unjoined. */
  readonly postProcess: string | null;
  /** The alignment of `--print-alignment`; null for none. */
  readonly printAlignment: Alignment['kind'] | null;
  /**
   * Replacements of `<unk>` by the source word with the most attention; a source word without an entry replaces `<unk>`
   * itself. Null keeps `<unk>`.
   */
  readonly unknownWords: ReadonlyMap<string, string> | null;
  /** Converts tokens to text. */
  readonly detokenize: (line: string) => string;
}

/** A sentence as ids. */
interface Sentence {
  readonly id: number;
  readonly source: Int32Array;
  readonly target: Int32Array | null;
  /** The words of the source before encoding, if known: `source` may contain `<unk>`. */
  readonly words?: readonly string[];
}

/** Converts ids to text. A null `target` means that there is no reference. */
export function toText(
  sentence: Sentence,
  hypotheses: readonly Hypothesis[],
  options: TextOptions,
): TranslatedSentence {
  const { sourceDictionary, targetDictionary, postProcess: bpeSymbol, detokenize } = options;
  // As in fairseq, a literal <pad> is not printed.
  const ignore = new Set([sourceDictionary.padIndex]);
  const reference =
    sentence.target === null
      ? null
      : targetDictionary.string(sentence.target, { bpeSymbol, unkString: ESCAPED_UNK, ignore });
  return {
    id: sentence.id,
    source: sourceDictionary.string(sentence.source, { bpeSymbol, ignore }),
    reference,
    detokenizedReference: reference === null ? null : detokenize(reference),
    translations: hypotheses.map((hypothesis) => toTranslation(sentence, hypothesis, options)),
  };
}

function toTranslation(sentence: Sentence, hypothesis: Hypothesis, options: TextOptions): Translation {
  const { sourceDictionary, targetDictionary, postProcess: bpeSymbol, printAlignment: kind } = options;
  const align = (wanted: Alignment['kind']): Alignment | null =>
    alignHypothesis(hypothesis, sentence.source, sourceDictionary, wanted);
  const unkString = options.unknownWords === null ? undefined : unknownWordsOf(sentence, align('hard'), options);
  const text = targetDictionary.string(hypothesis.tokens, { bpeSymbol, unkString });
  return {
    text,
    detokenized: options.detokenize(text),
    score: toBase2(hypothesis.score),
    tokens: Array.from(hypothesis.tokens, (token) => targetDictionary.symbol(token)),
    tokenScores: [...hypothesis.tokenScores].map(toBase2),
    alignment: kind === null ? null : align(kind),
  };
}

/** Returns a function from the position of an `<unk>` in the output to its replacement. */
function unknownWordsOf(
  { source, words }: Sentence,
  alignment: Alignment | null,
  { sourceDictionary, unknownWords }: TextOptions,
): (position: number) => string {
  const pairs = alignment?.kind === 'hard' ? alignment.pairs : [];
  const sourceOf = new Map(pairs.map(([from, to]) => [to, from]));
  return (position) => {
    const from = sourceOf.get(position);
    if (from === undefined) return sourceDictionary.symbol(sourceDictionary.unkIndex);
    const word = words?.[from] ?? sourceDictionary.symbol(source[from]!);
    return unknownWords!.get(word) ?? word;
  };
}

/** What `interactive` prints in addition to translations. */
export interface SentenceNotes {
  readonly seconds: number;
  /** The phrases that the outputs must contain. */
  readonly phrases: readonly string[];
}

/**
 * The S-, T-, H-, D-, P- and A- lines of a sentence, with W- and C- lines for `notes`. H is the tokenized text, D the
 * detokenized text.
 */
export function outputLines(sentence: TranslatedSentence, notes?: SentenceNotes): string[] {
  const { id, source, detokenizedReference, translations } = sentence;
  const lines = [`S-${id}\t${source}`];
  if (notes !== undefined) {
    lines.push(`W-${id}\t${formatFixed(notes.seconds, 3)}\tseconds`);
    for (const phrase of notes.phrases) lines.push(`C-${id}\t${phrase}`);
  }
  if (detokenizedReference !== null) lines.push(`T-${id}\t${detokenizedReference}`);
  for (const { text, detokenized, score, tokenScores, alignment } of translations) {
    lines.push(`H-${id}\t${formatFloat(score)}\t${text}`, `D-${id}\t${formatFloat(score)}\t${detokenized}`);
    lines.push(`P-${id}\t${tokenScores.map(formatTokenScore).join(' ')}`);
    if (alignment !== null) lines.push(`A-${id}\t${formatAlignment(alignment)}`);
  }
  return lines;
}

const formatTokenScore = (score: number): string =>
  Number.isFinite(score) ? formatFixed(score, 4) : formatFloat(score);
