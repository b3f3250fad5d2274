import { diffWords } from 'diff';
import { Chrf } from 'sacrebleu-ts';
import { readTranslations, STATISTICS_WIDTH, type TranslatedLines } from '../experiments/translation-result.js';
import { createMosesDetokenizer } from '../text/moses/detokenizer.js';
import type { ReportedComparison } from './compare.js';
import { type Block, examplesBlock, heading, type Inline, mark, paragraph } from './document.js';
import { signed } from './numbers.js';
import type { ScoredTranslation } from './report-run.js';
import { type Study, type System, translationOf } from './study.js';

/** Sentences to show each way. */
const SENTENCES = 10;

/**
 * The sentences on which the systems of the first comparison differ most, for each value of the other axes, as far as the
 * translations are there.
 */
export function translationsSection(study: Study, comparisons: readonly ReportedComparison[]): Block[] {
  const first = new Map<string, Block[]>();
  for (const comparison of comparisons) {
    if (first.has(comparison.where)) continue;
    const blocks = comparisonBlocks(comparison, study.main);
    if (blocks.length > 0) first.set(comparison.where, blocks);
  }
  return first.size === 0 ? [] : [heading('Translations that differ most'), ...[...first.values()].flat()];
}

function comparisonBlocks({ where, names, result }: ReportedComparison, main: string | null): Block[] {
  if (result === null || main === null) return [];
  const pairOf = (seed: string): (ScoredTranslation | null)[] =>
    result.systems.map((system) => writtenTranslation(system, seed, main));
  const seed = result.seedNames.find((name) => !pairOf(name).includes(null));
  if (seed === undefined) return [];
  const [a, b] = pairOf(seed).map((translation) => textsOf(translation!));
  const ranked = rankSentences(a!, b!);
  const place = `${where && ` on ${where}`}${seed && ` with seed ${seed}`}`;
  const [nameA, nameB] = names;
  const better = ranked.filter(({ difference }) => difference > 0).slice(0, SENTENCES);
  const worse = ranked
    .filter(({ difference }) => difference < 0)
    .slice(-SENTENCES)
    .reverse();
  return [
    paragraph(
      `${nameA} and ${nameB}${place}: the sentences with the largest differences of sentence chrF, up to ${SENTENCES} each way. chrF is given for the first less the second. Words that differ are marked.`,
    ),
    ...sentenceBlocks(`${where && `${where}: `}${nameA} is better`, better, names),
    ...sentenceBlocks(`${where && `${where}: `}${nameB} is better`, worse, names),
  ];
}

/** A translation of a system of which the text is there. */
function writtenTranslation(system: System, seed: string, main: string): ScoredTranslation | null {
  const translation = translationOf(system, seed, main);
  return translation === undefined || translation.path === null ? null : translation;
}

/** What a translation says, as text where the sweep says how tokens become text. */
function textsOf({ path, languages, statistics }: ScoredTranslation): TranslatedLines {
  const lines = readTranslations(path!, statistics.length / STATISTICS_WIDTH);
  if (languages === null) return lines;
  const [source, target] = [languages.source, languages.target].map((language) => createMosesDetokenizer(language));
  return {
    ...lines,
    sources: lines.sources.map(source!),
    references: lines.references.map(target!),
    detokenized: lines.detokenized.map(target!),
  };
}

interface Sentence {
  readonly id: number;
  readonly source: string;
  readonly reference: string;
  readonly translations: readonly [string, string];
  readonly difference: number; // chrF of the first less that of the second
}

/** Sentences that two systems translate differently, the first system's best first. */
function rankSentences(a: TranslatedLines, b: TranslatedLines): Sentence[] {
  const metric = new Chrf();
  const places = new Map(b.ids.map((id, place) => [id, place] as const));
  const sentences = a.ids.flatMap((id, place): Sentence[] => {
    const other = places.get(id);
    if (other === undefined) return [];
    const reference = a.references[place]!;
    // generate detokenizes the lines T and D, but not H.
    const translations = [a.detokenized[place]!, b.detokenized[other]!] as const;
    const [ofA, ofB] = translations.map((text) => metric.sentenceScore(text, [reference]).score);
    const difference = ofA! - ofB!;
    return [{ id, source: a.sources[place]!, reference, translations, difference }];
  });
  return sentences.sort((x, y) => y.difference - x.difference || x.id - y.id);
}

function sentenceBlocks(title: string, sentences: readonly Sentence[], names: readonly [string, string]): Block[] {
  if (sentences.length === 0) return [];
  const examples = sentences.map(({ id, source, reference, translations, difference }) => {
    const [a, b] = markDifferences(...translations);
    return {
      title: `Sentence ${id}, chrF ${signed(difference, 1)}`,
      lines: [
        ['source', source],
        ['reference', reference],
        [names[0], a],
        [names[1], b],
      ] as const,
    };
  });
  return [examplesBlock(title, examples)];
}

/** Two texts with what only one of them has marked. */
export function markDifferences(a: string, b: string): [Inline[], Inline[]] {
  const parts = diffWords(a, b);
  const side = (isOther: (part: (typeof parts)[number]) => boolean | undefined): Inline[] =>
    parts
      .filter((part) => !isOther(part))
      .flatMap(({ value, added, removed }) => (added || removed ? marked(value) : [value]));
  return [side(({ added }) => added), side(({ removed }) => removed)];
}

/** A marked text, with the spaces around it left unmarked. */
function marked(text: string): Inline[] {
  const [, before, words, after] = /^(\s*)(.*?)(\s*)$/s.exec(text)!;
  return [before!, mark(words!), after!].filter(
    (part) => part !== '' && (typeof part === 'string' || part.text !== ''),
  );
}
