import type { Translation } from '../search/index.js';
import { placeholdersOf, restorePlaceholders } from '../text/placeholders.js';
import type { TranslatableItem } from './sentence-items.js';
import { lineWith, type SentenceSearch, translationsOf } from './sentence-search.js';

/**
 * Translates the sentences again whose translations lack placeholders, this time with a search that has to write them. A second
 * translation that lacks fewer replaces the first.
 */
export async function forcePlaceholders(sentences: readonly TranslatableItem[], search: SentenceSearch): Promise<void> {
  const canWrite = (placeholder: string): boolean => search.encodePhrase(placeholder) !== null;
  const losing = sentences.filter(({ source, translations: [best] }) => lostIn(source, best).some(canWrite));
  const lines = losing.map(({ line, phrases, source }) =>
    lineWith(line, [...phrases, ...placeholdersOf(source)], search),
  );
  const found = await translationsOf(lines, search);
  for (const [index, sentence] of losing.entries()) {
    const { source, translations } = sentence;
    const [best] = found[index]!;
    if (best === undefined || lostIn(source, best).length >= lostIn(source, translations[0]).length) continue;
    sentence.translations = found[index]!;
    sentence.isForced = true;
  }
}

/** The placeholders that a translation lacks. */
const lostIn = (source: string, translation: Translation | undefined): readonly string[] =>
  translation === undefined ? [] : restorePlaceholders(source, translation.detokenized).lost;
