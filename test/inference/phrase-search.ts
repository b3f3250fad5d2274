import type { TranslatedLine } from '../../src/inference/line-search.js';
import type { SentenceSearch } from '../../src/inference/sentence-search.js';
import type { SourceLine } from '../../src/inference/source-lines.js';
import { type TextSettings, translateTexts } from '../../src/inference/text-translation.js';
import type { Translation } from '../../src/search/index.js';
import { createSentenceSplitter } from '../../src/text/sentences.js';

/**
 * A model that writes capitals, loses words with brackets, and adds phrases at the end. A phrase costs 1, or nothing if the source
 * contains its first word. It cannot write words with `?`, and no translation contains the word `never`.
 */
export class PhraseSearch implements SentenceSearch {
  readonly #phrases: string[] = [];
  /** The phrases of each line of each call. */
  readonly calls: string[][][] = [];

  readonly read = (sentence: string): SourceLine => ({
    ...{ number: 0, ids: new Int32Array(3), phrases: [], words: sentence.split(' ') },
  });

  encodePhrase = (phrase: string): { ids: Int32Array; tokens: string[] } | null => {
    if (phrase.includes('?')) return null;
    this.#phrases.push(phrase);
    return { ids: Int32Array.of(this.#phrases.length - 1), tokens: phrase.split(' ') };
  };

  translate(lines: readonly SourceLine[]): Promise<TranslatedLine[]> {
    const phrases = lines.map((line) => line.phrases.map(([id]) => this.#phrases[id!]!));
    this.calls.push(phrases);
    return Promise.resolve(lines.map((line, index) => answer(line, phrases[index]!)));
  }
}

function answer(line: SourceLine, phrases: readonly string[]): TranslatedLine {
  const written = line.words.filter((word) => !/[{}]/u.test(word)).map((word) => word.toUpperCase());
  const words = [...written, ...phrases];
  const score = phrases.reduce((sum, phrase) => sum - (line.words.includes(phrase.split(' ')[0]!) ? 0 : 1), -1);
  const detokenized = words.join(' ');
  const tokens = detokenized.split(' ');
  const translation: Translation = { text: detokenized, detokenized, score, tokens, tokenScores: [], alignment: null };
  const translations = phrases.includes('never') ? [] : [translation];
  return {
    line,
    sentence: { id: 0, source: '', reference: null, detokenizedReference: null, translations },
    seconds: 0,
  };
}

export const SETTINGS: TextSettings = { split: createSentenceSplitter('en'), nbest: 1, unkIndex: 3 };

/** Translates a text with phrases. */
export async function translateWith(phrases: readonly string[], text: string, search = new PhraseSearch()) {
  const [translation] = await translateTexts([text], search, SETTINGS, [phrases]);
  return translation!;
}
