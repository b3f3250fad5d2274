import { EventLoop, type Translation } from '../search/index.js';
import type { SentenceSplitter, TextPart } from '../text/sentences.js';
import { LineTooLong } from './line-search.js';
import type { SourceLine } from './source-lines.js';

/** A sentence, or a part of a sentence that is too long, on its way to a translation. */
export interface SentenceItem {
  readonly source: string;
  readonly line: SourceLine | null; // null if it cannot be translated
  readonly problem: string | null;
  /** The phrases that its translation must contain. */
  phrases: readonly string[];
  /** Best first; empty before it is translated. */
  translations: readonly Translation[];
  /** Whether the search was made to write its placeholders. */
  isForced: boolean;
}

/** A sentence that can be translated. */
export type TranslatableItem = SentenceItem & { readonly line: SourceLine };

/** Whether a sentence can be translated. */
export const isTranslatable = (item: SentenceItem): item is TranslatableItem => item.line !== null;

/** Encodes a sentence. @throws LineTooLong if it is longer than the model or a batch allows */
export type ReadSentence = (sentence: string, name: string) => SourceLine;

/** Divides texts into sentences. In a long text, other calls get turns. */
export class SentenceReader {
  readonly #split: SentenceSplitter;
  readonly #read: ReadSentence;
  readonly #loop = new EventLoop();

  constructor(split: SentenceSplitter, read: ReadSentence) {
    this.#split = split;
    this.#read = read;
  }

  /**
   * The sentences of a text, and the strings between them. A sentence that is too long is divided at white space; one that
   * cannot be divided says why.
   */
  async itemsOf(text: string): Promise<(SentenceItem | string)[]> {
    const items: (SentenceItem | string)[] = [];
    for (const part of this.#split(text)) items.push(...(await this.#itemsOfPart(part)));
    return items;
  }

  async #itemsOfPart({ kind, text }: TextPart): Promise<(SentenceItem | string)[]> {
    if (kind === 'between') return [text];
    await this.#loop.turn();
    try {
      return [itemOf(text, this.#read(text, 'the sentence'), null)];
    } catch (error) {
      if (!(error instanceof LineTooLong)) throw error;
      return this.#divide(text, error);
    }
  }

  async #divide(text: string, reason: LineTooLong): Promise<(SentenceItem | string)[]> {
    const [before, space, after] = halves(text) ?? [];
    if (before === undefined) return [itemOf(text, null, reason.problem)];
    const first = await this.#itemsOfPart({ kind: 'sentence', text: before });
    return [...first, space!, ...(await this.#itemsOfPart({ kind: 'sentence', text: after! }))];
  }
}

const itemOf = (source: string, line: SourceLine | null, problem: string | null): SentenceItem => ({
  source,
  line,
  problem,
  phrases: [],
  translations: [],
  isForced: false,
});

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
