import { applyRules, type Rule } from './rules.js';

/**
 * Moses' `normalize-punctuation.perl`: quotes, dashes and ellipses become ASCII, spaces round punctuation go.
 * Its output equals the script's line by line.
 *
 * @param language decides where a comma or full stop at a closing quote goes and what joins groups of digits
 */
export function createPunctuationNormalizer(language: string): (line: string) => string {
  const rules = [
    ...COMMON,
    ...quotation(language),
    [/([0-9])\u00a0([0-9])/gu, `$1${digitJoiner(language)}$2`] as const,
  ];
  // The script works on lines with their newline, which its last rule about quotes can see.
  return (line) => (CHANGEABLE.test(line) ? applyRules(`${line}\n`, rules).slice(0, -1) : line);
}

/** Where a rule may find something. Most lines have none of it. */
const CHANGEABLE = /[\r()%:;`´"„“”‘’‚–—…«»\u00a0]|''| {2}/u;

const COMMON: readonly Rule[] = [
  [/\r/gu, ''],
  [/\(/gu, ' ('],
  [/\)/gu, ') '],
  [/ +/gu, ' '],
  [/\) ([.!:?;,])/gu, ')$1'],
  [/\( /gu, '('],
  [/ \)/gu, ')'],
  [/([0-9]) %/gu, '$1%'],
  [/ :/gu, ':'],
  [/ ;/gu, ';'],
  [/`/gu, "'"],
  [/''/gu, ' " '],
  [/[„“”]/gu, '"'],
  [/–/gu, '-'],
  [/—/gu, ' - '],
  [/ +/gu, ' '],
  [/´/gu, "'"],
  [/([A-Za-z])‘([A-Za-z])/gu, "$1'$2"],
  [/([A-Za-z])’([A-Za-z])/gu, "$1'$2"],
  [/[‘‚]/gu, "'"],
  [/’/gu, '"'],
  [/''/gu, '"'],
  [/…/gu, '...'],
  [/\u00a0«\u00a0/gu, ' "'],
  [/«\u00a0?/gu, '"'],
  [/\u00a0»\u00a0/gu, '" '],
  [/\u00a0?»/gu, '"'],
  // pseudo-spaces
  [/\u00a0%/gu, '%'],
  [/nº\u00a0/gu, 'nº '],
  [/\u00a0([:?!;])/gu, '$1'],
  [/\u00a0(ºC|cm)/gu, ' $1'],
  [/,\u00a0/gu, ', '],
  [/ +/gu, ' '],
];

/** English sets commas and full stops before the closing quote, German, French and others behind it, Czech varies. */
export function quotation(language: string): readonly Rule[] {
  if (language === 'en') return [[/"([,.]+)/gu, '$1"']];
  if (language === 'cs' || language === 'cz') return [];
  return [
    [/,"/gu, '",'],
    // The quote is optional, so that a run of dots without one is taken in one step.
    [/(\.+)(?:"([\t-\r ]*[^<]))?/gu, (match, dots, rest) => (rest === undefined ? match : `"${dots}${rest}`)],
  ];
}

const digitJoiner = (language: string): string => (['de', 'es', 'cz', 'cs', 'fr'].includes(language) ? ',' : '.');
