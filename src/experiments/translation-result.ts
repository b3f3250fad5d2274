import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { Bleu, Chrf } from 'sacrebleu-ts';
import * as v from 'valibot';
import { UserError } from '../errors.js';
import { readLines } from '../text/lines.js';

/** The scores of a system on a split. */
export interface TranslationResult {
  readonly sentences: number;
  /** Tokenized BLEU as fairseq computes it, 0 … 100. */
  readonly bleu: number;
  readonly precisions: readonly number[]; // [4], 0 … 100
  readonly brevityPenalty: number;
  readonly lengthRatio: number; // hypothesis tokens per reference token
  /** Of detokenized text. */
  readonly sacrebleu: number;
  readonly sacrebleuSignature: string;
  readonly chrf: number;
  /** `packStatistics` of the sentences, in the order of their ids: what significance tests draw from. */
  readonly statistics: string;
}

/** The shape of scores in `result.json`. */
export const translationSchema: v.GenericSchema<unknown, TranslationResult> = v.object({
  sentences: v.number(),
  bleu: v.number(),
  precisions: v.array(v.number()),
  brevityPenalty: v.number(),
  lengthRatio: v.number(),
  sacrebleu: v.number(),
  sacrebleuSignature: v.string(),
  chrf: v.number(),
  statistics: v.string(),
});

/** Numbers per sentence: hypothesis and reference length in tokens, then the matching n-grams of orders 1 to 4. */
export const STATISTICS_WIDTH = 6;

/** The translations of a split, in the order of sentence ids. */
export interface TranslatedLines {
  readonly ids: readonly number[];
  readonly sources: readonly string[];
  readonly references: readonly string[];
  /** Of H- lines. With `generate --tokenizer` they are tokens, while sources and references are text. */
  readonly hypotheses: readonly string[];
  /** Of D- lines. */
  readonly detokenized: readonly string[];
}

/** The lines of `generate` by their kind and by the id of the sentence. */
type FoundLines = Readonly<Record<'S' | 'T' | 'H' | 'D', Map<number, string>>>;

/**
 * Reads what `generate` wrote, fairseq's or ours, in the order of sentence ids.
 * @param scored how many sentences were scored; null if nothing recorded it
 * @throws UserError for a file without references, or that was cut short
 */
export function readTranslations(path: string, scored: number | null = null): TranslatedLines {
  const found: FoundLines = { S: new Map(), T: new Map(), H: new Map(), D: new Map() };
  let hasEnd = false;
  for (const line of readLines(path)) {
    hasEnd ||= /(^|\| )Generate .+ with beam=\d+: /.test(line);
    const [, kind, id, text] = /^([STHD])-(\d+)\t(.*)$/.exec(line) ?? [];
    if (kind === undefined) continue;
    const lines = found[kind as keyof typeof found];
    // The best of several hypotheses comes first. H and D have the score before the text.
    if (lines.has(Number(id))) continue;
    lines.set(Number(id), kind === 'H' || kind === 'D' ? text!.slice(text!.indexOf('\t') + 1) : text!);
  }
  const ids = [...found.H.keys()].sort((a, b) => a - b);
  if (ids.length === 0 || ids.some((id) => !found.T.has(id))) {
    throw new UserError(`${path} has no translations with references`, 'use the output of generate without --quiet');
  }
  checkWhole(path, found, hasEnd, scored);
  const inOrder = (lines: ReadonlyMap<number, string>): string[] => ids.map((id) => lines.get(id) ?? '');
  const hypotheses = inOrder(found.H);
  return {
    ids,
    sources: inOrder(found.S),
    references: inOrder(found.T),
    hypotheses,
    detokenized: ids.map((id, index) => found.D.get(id) ?? hypotheses[index]!),
  };
}

/**
 * `generate` writes the sentences in the order of their lengths, so a file that was cut short lacks some ids. A file with its
 * last line lacks those of sentences that were too long.
 */
function checkWhole(path: string, { S, T, H, D }: FoundLines, hasEnd: boolean, scored: number | null): void {
  const begun = new Set([S, T, H].flatMap((lines) => [...lines.keys()]));
  const whole = [...H.keys()].filter((id) => D.size === 0 || D.has(id)).length;
  const highest = [...begun].reduce((high, id) => Math.max(high, id), -1);
  const all = Math.max(scored ?? 0, hasEnd ? begun.size : highest + 1);
  const remedy = 'translate again with ts-fairseq generate, or delete it';
  if (whole < all) throw new UserError(`${path} is cut short: it has ${whole} of ${all} translations`, remedy);
  if (scored !== null && whole > scored) {
    const were = scored === 1 ? '1 was' : `${scored} were`;
    throw new UserError(`${path} has ${whole} translations, but ${were} scored`, remedy);
  }
}

/**
 * Scores the hypotheses.
 * @param detokenize converts hypotheses and references from tokens to text, for sacreBLEU and chrF
 */
export function scoreTranslations(lines: TranslatedLines, detokenize: (line: string) => string): TranslationResult {
  const tokenized = tokenizedBleu();
  const statistics = tokenized.statisticsOfSegments(lines.hypotheses, [lines.references]);
  const score = tokenized.corpusScore(lines.hypotheses, [lines.references]);
  const [texts, references] = [lines.hypotheses.map(detokenize), [lines.references.map(detokenize)]];
  const sacrebleu = new Bleu();
  const sacrebleuScore = sacrebleu.corpusScore(texts, references);
  return {
    sentences: lines.ids.length,
    bleu: score.score,
    precisions: score.precisions,
    brevityPenalty: score.brevityPenalty,
    lengthRatio: score.ratio,
    sacrebleu: sacrebleuScore.score,
    sacrebleuSignature: sacrebleu.signature(),
    chrf: new Chrf().corpusScore(texts, references).score,
    statistics: packStatistics(statistics.map((row) => row.slice(0, STATISTICS_WIDTH))),
  };
}

/** BLEU of tokens as they are, unsmoothed: fairseq's. */
export const tokenizedBleu = (): Bleu => new Bleu({ tokenize: 'none', smoothMethod: 'none' });

/** Rows of small numbers as compressed text, [sentences × 6] of uint16. */
export function packStatistics(rows: readonly (readonly number[])[]): string {
  const packed = Uint16Array.from(rows.flat());
  return deflateRawSync(Buffer.from(packed.buffer)).toString('base64');
}

/** The statistics of each sentence, [sentences × 6]. */
export function unpackStatistics(text: string): Uint16Array {
  const bytes = inflateRawSync(Buffer.from(text, 'base64'));
  return new Uint16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}
