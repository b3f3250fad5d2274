import type { DocumentDivider, Prose } from '../text/documents/prose.js';
import type { SentenceSearch } from './sentence-search.js';
import {
  type CountedTranslation,
  type DroppedMarks,
  type SentenceTranslation,
  type TextSettings,
  type TextTranslation,
  translateGroups,
  uncounted,
} from './text-translation.js';

/** Documents, and how they are divided. */
export interface DocumentSettings extends TextSettings {
  readonly divide: DocumentDivider;
}

/**
 * Translates the prose of documents and copies the rest. Where a translation lacks what stands for code or the like, its prose is
 * divided there and translated again.
 * @param phrases the phrases that must occur in each document
 */
export async function translateDocuments(
  sources: readonly string[],
  search: SentenceSearch,
  { divide, ...settings }: DocumentSettings,
  phrases: readonly (readonly string[])[] = [],
): Promise<TextTranslation[]> {
  const documents = sources.map((source, index) => new TranslatedDocument(source, divide, phrases[index] ?? []));
  const translate = async (): Promise<void> => {
    const groups = documents.map(({ untranslated, phrases }) => ({
      texts: untranslated.map(({ text }) => text),
      phrases,
    }));
    const translated = await translateGroups(groups, search, settings);
    for (const [index, document] of documents.entries()) document.add(translated[index]!);
  };
  await translate();
  for (const document of documents) document.divideIncomplete();
  await translate();
  return documents.map((document) => document.result());
}

/** A document on its way to a translation. */
class TranslatedDocument {
  #pieces: readonly (string | Prose)[];
  readonly #translations = new Map<Prose, CountedTranslation>();
  readonly #source: string;
  /** The phrases that must occur in the translations of the untranslated prose. */
  phrases: readonly string[];

  constructor(source: string, divide: DocumentDivider, phrases: readonly string[]) {
    this.#source = source;
    this.#pieces = divide(source);
    this.phrases = phrases;
  }

  get untranslated(): Prose[] {
    return this.#prose().filter((prose) => !this.#translations.has(prose));
  }

  /** Adds the translations of the untranslated prose. */
  add(translations: readonly CountedTranslation[]): void {
    for (const [index, prose] of this.untranslated.entries()) this.#translations.set(prose, translations[index]!);
  }

  divideIncomplete(): void {
    const incomplete = new Set(this.#prose().filter((prose) => !prose.isComplete(this.#textOf(prose))));
    this.phrases = this.phrases.filter((phrase) =>
      [...incomplete].some((prose) => this.#textOf(prose).includes(phrase)),
    );
    this.#pieces = this.#pieces.flatMap((piece) =>
      typeof piece !== 'string' && incomplete.has(piece) ? piece.divided() : [piece],
    );
  }

  result(): TextTranslation {
    const text = this.#pieces
      .map((piece) => (typeof piece === 'string' ? piece : piece.write(this.#textOf(piece))))
      .join('');
    const line = lineCounter(this.#source);
    const translated = this.#prose().map((prose) => ({ prose, ...this.#translations.get(prose)! }));
    const sentences = translated.flatMap(({ prose, sentences }) => {
      const inLine = line(prose.offset);
      return sentences.map((sentence) => ({ ...withVerbatim(sentence, prose), line: inLine }));
    });
    const tokens = translated.reduce((sum, { tokens }) => sum + tokens, 0);
    const unknownTokens = translated.reduce((sum, { unknownTokens }) => sum + unknownTokens, 0);
    const droppedMarks = this.#droppedMarks();
    return { ...uncounted({ text, sentences, tokens, unknownTokens }), ...(droppedMarks !== null && { droppedMarks }) };
  }

  #droppedMarks(): DroppedMarks | null {
    const offsets = this.#prose()
      .filter((prose) => this.#textOf(prose) !== prose.text)
      .flatMap(({ marks }) => marks);
    if (offsets.length === 0) return null;
    return { count: offsets.length, line: lineCounter(this.#source)(offsets[0]!) };
  }

  #prose(): Prose[] {
    return this.#pieces.filter((piece): piece is Prose => typeof piece !== 'string');
  }

  #textOf(prose: Prose): string {
    return this.#translations.get(prose)!.text;
  }
}

/** Counts the lines before ascending offsets. @returns the number of a line, from 1 */
function lineCounter(source: string): (offset: number) => number {
  let [line, position] = [1, 0];
  return (offset) => {
    line += source.slice(position, offset).match(/\r\n|\r|\n/gu)?.length ?? 0;
    position = offset;
    return line;
  };
}

/** A sentence with what its placeholders stand for. */
function withVerbatim(sentence: SentenceTranslation, prose: Prose): SentenceTranslation {
  if (prose.verbatim.size === 0) return sentence;
  const inserted = (text: string): string => prose.inserted(text);
  return {
    ...sentence,
    source: inserted(sentence.source),
    text: inserted(sentence.text),
    nbest: sentence.nbest.map((translation) => ({ ...translation, detokenized: inserted(translation.detokenized) })),
    lost: sentence.lost.map(inserted),
  };
}
