import type { Translation } from '../search/index.js';
import type { TranslatedLine } from './line-search.js';
import type { ReadSentence, TranslatableItem } from './sentence-items.js';
import type { EncodedPhrase, SourceLine } from './source-lines.js';

/** What translates sentences. */
export interface SentenceSearch {
  readonly read: ReadSentence;
  /** Encodes a phrase in the target language; null if the model cannot write it. */
  encodePhrase(phrase: string): EncodedPhrase | null;
  /** Translates lines; the translation of a line with phrases contains them. */
  translate(lines: readonly SourceLine[]): Promise<readonly TranslatedLine[]>;
}

/** The translations of lines, best first. */
export async function translationsOf(
  lines: readonly SourceLine[],
  search: SentenceSearch,
): Promise<(readonly Translation[])[]> {
  if (lines.length === 0) return [];
  return (await search.translate(lines)).map(({ sentence }) => sentence.translations);
}

/** Finds the translations of sentences, with the phrases that they must contain. */
export async function searchFor(sentences: readonly TranslatableItem[], search: SentenceSearch): Promise<void> {
  const lines = sentences.map(({ line, phrases }) => lineWith(line, phrases, search));
  const found = await translationsOf(lines, search);
  for (const [index, sentence] of sentences.entries()) sentence.translations = found[index]!;
}

/** A line whose translation must contain phrases. Those that the model cannot write are left out. */
export function lineWith(line: SourceLine, phrases: readonly string[], search: SentenceSearch): SourceLine {
  if (phrases.length === 0) return line;
  return { ...line, phrases: phrases.flatMap((phrase) => search.encodePhrase(phrase)?.ids ?? []) };
}
