import { applyRules, type Rule } from './rules.js';

/**
 * Normalizes punctuation like Moses' `normalize-punctuation.perl`: converts quotes, dashes and ellipses to ASCII, and
 * removes spaces around punctuation. The output equals that of the script.
 *
 * @param language decides the order of a closing quote and a comma or full stop, and the separator of digit groups
 */
export function createPunctuationNormalizer(language: string): (line: string) => string {
  const rules = [
    ...COMMON,
    ...quotation(language),
    [/([0-9])\u00a0([0-9])/gu, `$1${digitJoiner(language)}$2`] as const,
  ];
  // The script's lines include the newline, which its last rule for quotes can match.
  return (line) => (CHANGEABLE.test(line) ? applyRules(`${line}\n`, rules).slice(0, -1) : line);
}

/** Matches lines that a rule may change; most lines do not match. */
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

/** English puts commas and full stops before a closing quote, German, French and others after it; Czech varies. */
export function quotation(language: string): readonly Rule[] {
  if (language === 'en') return [[/"([,.]+)/gu, '$1"']];
  if (language === 'cs' || language === 'cz') return [];
  return [
    [/,"/gu, '",'],
    // The quote is optional, so that a run of dots without a quote is matched in one step.
    [/(\.+)(?:"([\t-\r ]*[^<]))?/gu, (match, dots, rest) => (rest === undefined ? match : `"${dots}${rest}`)],
  ];
}

const digitJoiner = (language: string): string => (['de', 'es', 'cz', 'cs', 'fr'].includes(language) ? ',' : '.');
