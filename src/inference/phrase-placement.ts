import type { Translation } from '../search/index.js';
import type { TranslatableItem } from './sentence-items.js';
import { lineWith, type SentenceSearch, searchFor, translationsOf } from './sentence-search.js';
import type { EncodedPhrase } from './source-lines.js';

/** Translated sentences, and the phrases that must occur in the translation of one of them each. */
export interface PhraseGroup {
  readonly phrases: readonly string[];
  readonly sentences: readonly TranslatableItem[];
}

/** A sentence with the phrase that its translation was made to contain. */
interface Trial {
  readonly sentence: TranslatableItem;
  readonly phrase: string;
  translations: readonly Translation[];
}

/**
 * Makes translations contain phrases. A phrase that a translation contains belongs to that sentence. For each other phrase, every
 * sentence is translated with it, and it belongs to the sentence whose score it lowers least.
 */
export async function placePhrases(groups: readonly PhraseGroup[], search: SentenceSearch): Promise<void> {
  const missing = groups.map((group) => ({
    ...group,
    phrases: group.phrases.filter((phrase) => !isKept(phrase, group, search)),
  }));
  const trials = missing.map(({ phrases, sentences }) =>
    phrases.map((phrase) => sentences.map((sentence): Trial => ({ sentence, phrase, translations: [] }))),
  );
  await translateTrials(trials.flat(2), search);
  const placed = trials.flat().map(leastCost);
  const again: TranslatableItem[] = [];
  for (const [sentence, ofSentence] of bySentence(placed)) {
    const hadPhrases = sentence.phrases.length > 0;
    sentence.phrases = [...sentence.phrases, ...ofSentence.map(({ phrase }) => phrase)];
    if (hadPhrases || ofSentence.length > 1) again.push(sentence);
    else sentence.translations = ofSentence[0]!.translations;
  }
  await searchFor(again, search);
}

/** Whether a translation contains a phrase, which then belongs to its sentence. */
function isKept(phrase: string, { sentences }: PhraseGroup, search: SentenceSearch): boolean {
  const encoded = search.encodePhrase(phrase);
  if (encoded === null) return false;
  const keeper = sentences.find(({ translations: [best] }) => best !== undefined && contains(best.tokens, encoded));
  if (keeper === undefined) return false;
  keeper.phrases = [...keeper.phrases, phrase];
  return true;
}

/** Whether tokens contain those of a phrase, one after the other. */
const contains = (tokens: readonly string[], { tokens: phrase }: EncodedPhrase): boolean =>
  tokens.some((_, start) => phrase.every((token, at) => tokens[start + at] === token));

async function translateTrials(trials: readonly Trial[], search: SentenceSearch): Promise<void> {
  const lines = trials.map(({ sentence, phrase }) => lineWith(sentence.line, [phrase], search));
  const found = await translationsOf(lines, search);
  for (const [index, trial] of trials.entries()) trial.translations = found[index]!;
}

/** The trial that lowers the score of its sentence least; the first if all have failed. */
const leastCost = (trials: readonly Trial[]): Trial =>
  trials.reduce((best, trial) => (gainOf(trial) > gainOf(best) ? trial : best));

const scoreOf = ([best]: readonly Translation[]): number => best?.score ?? Number.NEGATIVE_INFINITY;

function gainOf({ sentence, translations }: Trial): number {
  return translations.length === 0 ? Number.NEGATIVE_INFINITY : scoreOf(translations) - scoreOf(sentence.translations);
}

function bySentence(trials: readonly Trial[]): Map<TranslatableItem, Trial[]> {
  const groups = new Map<TranslatableItem, Trial[]>();
  for (const trial of trials) groups.set(trial.sentence, [...(groups.get(trial.sentence) ?? []), trial]);
  return groups;
}
