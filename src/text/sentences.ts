import { nonbreakingPrefixes, prefixLanguages } from './moses/nonbreaking-prefixes/index.js';

/** A part of a text: a sentence, or what lies between sentences: white space, line ends and lines without words. */
export interface TextPart {
  readonly kind: 'sentence' | 'between';
  readonly text: string;
}

/** Divides texts into sentences. */
export type SentenceSplitter = (text: string) => TextPart[];

const LINE_END = /(\r\n|[\n\r\u2028\u2029])/u;
const WORD = /[\p{L}\p{N}]/u;
/** Something after a mark that can end a sentence (ATerm and STerm of UAX #29), or the only end of a line that `LINE_END` lacks. */
const INNER_END = /[\p{Sentence_Terminal}\u2024]\s*\S|\u0085/u;

const ENDS_IN_ASCII = /[!-~]$/u;

/** The word before the full stop and white space that a segment ends with, e.g. `Dr`; empty if it ends otherwise. */
function lastAbbreviation(segment: string): string {
  const text = segment.trimEnd();
  if (text.length === segment.length || !text.endsWith('.')) return '';
  let start = text.length - 1;
  while (start > 0 && !/[\s.]/u.test(text[start - 1]!)) start -= 1;
  return /[\p{L}\p{N}].*$/su.exec(text.slice(start, -1))?.[0] ?? '';
}

/**
 * Creates a function that divides a text into sentences by Unicode's rules (UAX #29). A full stop after one of Moses'
 * abbreviations ends no sentence, and neither does an ASCII character without white space behind it, as in `{0}?{1}`, `!==` and
 * addresses. The parts, joined, are the text.
 * @param language a language code, e.g. `de`
 */
export function createSentenceSplitter(language: string): SentenceSplitter {
  let segmenter: Intl.Segmenter | null = null; // it takes 10 ms, and most lines do without it
  const prefixes = nonbreakingPrefixes(prefixLanguages.includes(language) ? language : 'en');
  /** Whether a segment ends in an abbreviation, so that the next one belongs to the same sentence. */
  const endsInAbbreviation = (segment: string, next: string): boolean => {
    const word = lastAbbreviation(segment);
    return prefixes.always.has(word) || (prefixes.beforeNumber.has(word) && /^\d/u.test(next));
  };
  const sentencesOf = (line: string): string[] => {
    if (!INNER_END.test(line)) return [line];
    segmenter ??= new Intl.Segmenter(localeOf(language), { granularity: 'sentence' });
    const sentences: string[] = [];
    let previous: string | null = null;
    for (const { segment } of segmenter.segment(line)) {
      const goesOn = previous !== null && (ENDS_IN_ASCII.test(previous) || endsInAbbreviation(previous, segment));
      if (goesOn) sentences.push(sentences.pop()! + segment);
      else sentences.push(segment);
      previous = segment;
    }
    return sentences;
  };
  return (text) =>
    text
      .split(LINE_END)
      .flatMap((line) => (LINE_END.test(line) ? [between(line)] : sentencesOf(line).flatMap(withoutOuterSpace)))
      .filter((part) => part.text !== '');
}

const between = (text: string): TextPart => ({ kind: 'between', text });

function withoutOuterSpace(sentence: string): TextPart[] {
  if (!WORD.test(sentence)) return [between(sentence)];
  // trim() removes what \s matches, in a time that grows with the length.
  const start = sentence.length - sentence.trimStart().length;
  const end = sentence.trimEnd().length;
  return [
    between(sentence.slice(0, start)),
    { kind: 'sentence', text: sentence.slice(start, end) },
    between(sentence.slice(end)),
  ];
}

/** The locale of a language code, or the default locale if it is not the code of a language: `xx_YY` becomes `xx-YY`. */
function localeOf(language: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(language.replaceAll('_', '-'))[0];
  } catch {
    return undefined;
  }
}
