import type { Translation } from '../search/index.js';
import { placeholdersOf, restorePhrases, restorePlaceholders } from '../text/placeholders.js';
import type { SentenceSplitter } from '../text/sentences.js';
import { placePhrases } from './phrase-placement.js';
import { forcePlaceholders } from './placeholder-retry.js';
import { isTranslatable, type SentenceItem, SentenceReader, type TranslatableItem } from './sentence-items.js';
import { type SentenceSearch, searchFor } from './sentence-search.js';
import type { SourceLine } from './source-lines.js';

/** The translation of a sentence of a text. */
export interface SentenceTranslation {
  readonly source: string; // without outer white space
  /** The translation as plain text; the source if it could not be translated. */
  readonly text: string;
  /** Σ log₂ p / length^lenpen of the translation; null if it could not be translated. */
  readonly score: number | null;
  /** The `nbest` best translations, best first. */
  readonly nbest: readonly Translation[];
  /**
   * What became of placeholders and addresses such as `{0}`: `kept` by the model, `forced` if it lost some and a second search had to
   * write them, `lost` if that failed too; `none` if the source has none.
   */
  readonly placeholders: 'none' | 'kept' | 'forced' | 'lost';
  /** Placeholders and addresses of the source that the translation lacks. */
  readonly lost: readonly string[];
  /** The share of the source's tokens that the model does not know, 0 to 1. */
  readonly unknownRatio: number;
  /** Why the sentence could not be translated; null if it was. */
  readonly problem: string | null;
  /** In a document: the line in which the text of the sentence begins, from 1. */
  readonly line?: number;
}

/** The translation of a text. */
export interface TextTranslation {
  /** In the format of the source, with its line ends and its white space. */
  readonly text: string;
  readonly sentences: readonly SentenceTranslation[]; // in order
  /** The share of the source's tokens that the model does not know, 0 to 1. */
  readonly unknownRatio: number;
  /** In a document: the inline marks that the translation lacks; absent if it lacks none. */
  readonly droppedMarks?: DroppedMarks;
}

/** Inline marks of a document, e.g. bold text and links, that its translation does not have. */
export interface DroppedMarks {
  readonly count: number;
  /** The line of the first, from 1. */
  readonly line: number;
}

/** The settings of `translateTexts`. */
export interface TextSettings {
  readonly split: SentenceSplitter;
  readonly nbest: number;
  readonly unkIndex: number;
}

/** Texts, e.g. those of a document. */
export interface TextGroup {
  readonly texts: readonly string[];
  /** Phrases in the target language that must occur in their translations, each in one of them. */
  readonly phrases: readonly string[];
}

/** A translated text, and numbers of tokens of its source. */
export interface CountedTranslation {
  readonly text: string;
  readonly sentences: readonly SentenceTranslation[];
  readonly tokens: number;
  readonly unknownTokens: number;
}

/**
 * Translates plain texts: each is divided into sentences, which are translated together in batches of similar length.
 * A sentence that is too long is divided at white space; one that cannot be divided keeps its source and says why.
 * @param phrases the phrases that must occur in each translation
 */
export async function translateTexts(
  texts: readonly string[],
  search: SentenceSearch,
  settings: TextSettings,
  phrases: readonly (readonly string[])[] = [],
): Promise<TextTranslation[]> {
  const groups = texts.map((text, index) => ({ texts: [text], phrases: phrases[index] ?? [] }));
  const translated = await translateGroups(groups, search, settings);
  return translated.map(([counted]) => uncounted(counted!));
}

/** The ratio of unknown tokens instead of numbers of tokens. */
export const uncounted = ({ text, sentences, tokens, unknownTokens }: CountedTranslation): TextTranslation => ({
  text,
  sentences,
  unknownRatio: ratioOf(unknownTokens, tokens),
});

/** Translates groups of plain texts like `translateTexts`. @returns the translations of each group */
export async function translateGroups(
  groups: readonly TextGroup[],
  search: SentenceSearch,
  settings: TextSettings,
): Promise<CountedTranslation[][]> {
  const reader = new SentenceReader(settings.split, search.read);
  const items: (SentenceItem | string)[][][] = [];
  for (const { texts } of groups) {
    const ofGroup: (SentenceItem | string)[][] = [];
    for (const text of texts) ofGroup.push(await reader.itemsOf(text));
    items.push(ofGroup);
  }
  const translatable = (parts: (SentenceItem | string)[][]): TranslatableItem[] =>
    parts.flat().filter((part): part is TranslatableItem => typeof part !== 'string' && isTranslatable(part));
  const sentences = items.map(translatable);
  for (const [index, inGroup] of sentences.entries()) {
    if (inGroup.length === 1) inGroup[0]!.phrases = groups[index]!.phrases;
  }
  await searchFor(sentences.flat(), search);
  const several = groups.map(({ phrases }, index) => ({ phrases, sentences: sentences[index]! }));
  await placePhrases(
    several.filter(({ sentences }) => sentences.length > 1),
    search,
  );
  await forcePlaceholders(sentences.flat(), search);
  return items.map((texts) => texts.map((parts) => joined(parts, settings)));
}

/** Puts a text together. */
function joined(parts: readonly (SentenceItem | string)[], { nbest, unkIndex }: TextSettings): CountedTranslation {
  const sentences: SentenceTranslation[] = [];
  let [text, tokens, unknown] = ['', 0, 0];
  for (const part of parts) {
    if (typeof part === 'string') {
      text += part;
      continue;
    }
    const sentence = described(part, nbest, unkIndex);
    sentences.push(sentence);
    text += sentence.text;
    if (part.line === null) continue;
    tokens += tokensOf(part.line);
    unknown += unknownTokensOf(part.line, unkIndex);
  }
  return { text, sentences, tokens, unknownTokens: unknown };
}

function described(item: SentenceItem, nbest: number, unkIndex: number): SentenceTranslation {
  const { source, line, phrases } = item;
  const unknownRatio = line === null ? 0 : ratioOf(unknownTokensOf(line, unkIndex), tokensOf(line));
  const placeholders = placeholdersOf(source).length === 0 ? 'none' : 'kept';
  const restored = (translation: Translation): Translation => ({
    ...translation,
    detokenized: restorePhrases(phrases, restorePlaceholders(source, translation.detokenized).text),
  });
  const best = item.translations.slice(0, nbest).map(restored);
  if (best.length === 0) {
    const untranslated = { source, text: source, score: null, nbest: [], lost: [], unknownRatio };
    return { ...untranslated, placeholders, problem: item.problem ?? reasonOf(phrases) };
  }
  const [{ detokenized: text, score }] = best as [Translation];
  const { lost } = restorePlaceholders(source, text);
  const fate = lost.length > 0 ? 'lost' : item.isForced ? 'forced' : placeholders;
  return { source, text, score, nbest: best, placeholders: fate, lost, unknownRatio, problem: null };
}

const reasonOf = (phrases: readonly string[]): string =>
  phrases.length === 0
    ? 'the options of the search rule out every translation'
    : `no translation contains ${phrases.map((phrase) => `'${phrase}'`).join(' and ')}`;

/** The number of tokens without `</s>`. */
const tokensOf = ({ ids }: SourceLine): number => ids.length - 1;
const unknownTokensOf = ({ ids }: SourceLine, unkIndex: number): number => ids.filter((id) => id === unkIndex).length;
const ratioOf = (part: number, total: number): number => (total === 0 ? 0 : part / total);
