import { diffWords } from 'diff';
import { Chrf } from 'sacrebleu-ts';
import { readTranslations, type TranslatedLines } from '../experiments/translation-result.js';
import type { ReportedComparison } from './compare.js';
import { type Block, examplesBlock, heading, type Inline, mark, paragraph } from './document.js';
import { signed } from './numbers.js';
import { type Study, type System, seedOf } from './study.js';

/** Sentences to show each way. */
const SENTENCES = 10;

/** The sentences on which the first compared systems differ most, as far as their translations are there. */
export function translationsSection(study: Study, comparisons: readonly ReportedComparison[]): Block[] {
  const first = comparisons.find(({ result }) => result !== null);
  if (first?.result == null || study.main === null) return [];
  const [a, b] = first.result.systems;
  const seed = first.result.seedNames.find((name) => pathOf(a, name, study.main!) && pathOf(b, name, study.main!));
  if (seed === undefined) return [];
  const texts = [a, b].map((system) => readTranslations(pathOf(system, seed, study.main!)!)) as [
    TranslatedLines,
    TranslatedLines,
  ];
  const ranked = rankSentences(...texts);
  const where = `${first.where && ` on ${first.where}`}${seed && ` with seed ${seed}`}`;
  const [nameA, nameB] = first.names;
  const better = ranked.filter(({ difference }) => difference > 0).slice(0, SENTENCES);
  const worse = ranked
    .filter(({ difference }) => difference < 0)
    .slice(-SENTENCES)
    .reverse();
  return [
    heading('Translations that differ most'),
    paragraph(
      `${nameA} and ${nameB}${where}: the sentences with the largest differences of sentence chrF, up to ${SENTENCES} each way. chrF is given for the first less the second. Words that differ are marked.`,
    ),
    ...sentenceBlocks(`${nameA} is better`, better, [nameA, nameB]),
    ...sentenceBlocks(`${nameB} is better`, worse, [nameA, nameB]),
  ];
}

function pathOf({ runs }: System, seed: string, main: string): string | null {
  return runs.find((run) => seedOf(run) === seed)?.translations.get(main)?.path ?? null;
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
