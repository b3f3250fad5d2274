import type { Translation } from '../search/index.js';
import { restorePlaceholders } from '../text/placeholders.js';
import type { SentenceSplitter, TextPart } from '../text/sentences.js';
import { LineTooLong, type TranslatedLine } from './line-search.js';
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
  /** Placeholders and addresses of the source that the translation lacks, e.g. `{0}`. */
  readonly lost: readonly string[];
  /** The share of the source's tokens that the model does not know, 0 to 1. */
  readonly unknownRatio: number;
  /** Why the sentence could not be translated; null if it was. */
  readonly problem: string | null;
}

/** The translation of a text. */
export interface TextTranslation {
  /** Plain text, with the line ends and the white space of the source. */
  readonly text: string;
  readonly sentences: readonly SentenceTranslation[]; // in order
  /** The share of the source's tokens that the model does not know, 0 to 1. */
  readonly unknownRatio: number;
}

/** What translates sentences. */
export interface SentenceSearch {
  /** @throws LineTooLong if the sentence is longer than the model or a batch allows */
  read(sentence: string, name: string): SourceLine;
  translate(lines: readonly SourceLine[]): Promise<TranslatedLine[]>;
}

/** A sentence, or a part of a sentence that is too long, in the order of the text. */
interface Item {
  readonly source: string;
  readonly line: SourceLine | null; // null if it cannot be translated
  readonly problem: string | null;
}

/** The settings of `translateTexts`. */
export interface TextSettings {
  readonly split: SentenceSplitter;
  readonly nbest: number;
  readonly unkIndex: number;
}

/**
 * Translates plain texts: each is divided into sentences, which are translated together in batches of similar length.
 * A sentence that is too long is divided at white space; one that cannot be divided keeps its source and says why.
 */
export async function translateTexts(
  texts: readonly string[],
  search: SentenceSearch,
  { split, nbest, unkIndex }: TextSettings,
): Promise<TextTranslation[]> {
  const parts = texts.map((text) => split(text).flatMap((part) => prepare(part, search)));
  const items = parts.flat().filter((part): part is Item => typeof part !== 'string');
  const lines = items.flatMap(({ line }) => (line === null ? [] : [line]));
  const translated = (await search.translate(lines)).values();
  const sentenceOf = (item: Item): SentenceTranslation => {
    const { translations } = item.line === null ? { translations: [] } : translated.next().value!.sentence;
    return describe(item, translations.slice(0, nbest), unkIndex);
  };
  return parts.map((partsOfText) => join(partsOfText, unkIndex, sentenceOf));
}

/** The items of a part of a text; what lies between sentences stays a string. */
function prepare({ kind, text }: TextPart, search: SentenceSearch): (Item | string)[] {
  if (kind === 'between') return [text];
  try {
    return [{ source: text, line: search.read(text, 'the sentence'), problem: null }];
  } catch (error) {
    if (!(error instanceof LineTooLong)) throw error;
    return divide(text, search, error);
  }
}

function divide(text: string, search: SentenceSearch, reason: LineTooLong): (Item | string)[] {
  const [before, space, after] = halves(text) ?? [];
  if (before === undefined) return [{ source: text, line: null, problem: reason.problem }];
  const sentence = (half: string): (Item | string)[] => prepare({ kind: 'sentence', text: half }, search);
  return [...sentence(before), space!, ...sentence(after!)];
}

/** The largest distance from the middle, as a share of the length, within which a mark is preferred to a space. */
const NEAR_MIDDLE = 0.25;

/** Divides a sentence near its middle: after a comma or the like if there is one, otherwise at white space. */
function halves(text: string): [before: string, space: string, after: string] | null {
  const middle = text.length / 2;
  const nearest = (pattern: RegExp, reach: number): RegExpMatchArray | null =>
    [...text.matchAll(pattern)]
      .filter(({ index }) => index > 0 && Math.abs(index - middle) <= reach)
      .reduce<RegExpMatchArray | null>(
        (best, match) => (best === null || distance(match) < distance(best) ? match : best),
        null,
      );
  const distance = ({ index }: RegExpMatchArray): number => Math.abs(index! - middle);
  const match = nearest(/(?<=[,;:.!?–—)])\s+(?=\S)/gu, text.length * NEAR_MIDDLE) ?? nearest(/\s+(?=\S)/gu, middle);
  if (match === null) return null;
  const end = match.index! + match[0].length;
  return [text.slice(0, match.index), match[0], text.slice(end)];
}

function describe(
  { source, line, problem }: Item,
  nbest: readonly Translation[],
  unkIndex: number,
): SentenceTranslation {
  const [best] = nbest;
  const unknownRatio = line === null ? 0 : ratioOf(unknownTokens(line, unkIndex), tokensOf(line));
  if (best === undefined) {
    const reason = problem ?? 'the options of the search rule out every translation';
    return { source, text: source, score: null, nbest, lost: [], unknownRatio, problem: reason };
  }
  const { text, lost } = restorePlaceholders(source, best.detokenized);
  return { source, text, score: best.score, nbest, lost, unknownRatio, problem: null };
}

/** Puts a text together. `sentenceOf` is called once for every item, in order. */
function join(
  parts: readonly (Item | string)[],
  unkIndex: number,
  sentenceOf: (item: Item) => SentenceTranslation,
): TextTranslation {
  const sentences: SentenceTranslation[] = [];
  let [text, tokens, unknown] = ['', 0, 0];
  for (const part of parts) {
    if (typeof part === 'string') {
      text += part;
      continue;
    }
    const sentence = sentenceOf(part);
    sentences.push(sentence);
    text += sentence.text;
    if (part.line === null) continue;
    tokens += tokensOf(part.line);
    unknown += unknownTokens(part.line, unkIndex);
  }
  return { text, sentences, unknownRatio: ratioOf(unknown, tokens) };
}

/** The number of tokens without `</s>`. */
const tokensOf = ({ ids }: SourceLine): number => ids.length - 1;
const unknownTokens = ({ ids }: SourceLine, unkIndex: number): number => ids.filter((id) => id === unkIndex).length;
const ratioOf = (part: number, total: number): number => (total === 0 ? 0 : part / total);
