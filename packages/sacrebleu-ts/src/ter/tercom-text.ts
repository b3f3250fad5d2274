export interface TercomSettings {
  readonly normalized: boolean;
  readonly noPunct: boolean;
  readonly asianSupport: boolean;
  readonly caseSensitive: boolean;
}

type Rule = readonly [pattern: RegExp, replacement: string];

const WESTERN: readonly Rule[] = [
  [/\n-/gu, ''],
  [/\n/gu, ' '],
  [/&quot;/gu, '"'],
  [/&amp;/gu, '&'],
  [/&lt;/gu, '<'],
  [/&gt;/gu, '>'],
  // The rules below require a space at both ends.
  [/^|$/gu, ' '],
  [/([{-~[-` -&(-+:-@/])/gu, ' $1 '],
  [/'s /gu, " 's "],
  // period and comma, unless a digit precedes …
  [/([^0-9])([.,])/gu, '$1 $2 '],
  // … and unless a digit follows
  [/([.,])([^0-9])/gu, ' $1 $2'],
  // dash after a digit
  [/([0-9])(-)/gu, '$1 $2 '],
];

const ASIAN_PUNCTUATION = /([\u3001\u3002\u3008-\u3011\u3014-\u301f\uff61-\uff65\u30fb])/gu;
const FULL_WIDTH_PUNCTUATION = /([\uff0e\uff0c\uff1f\uff1a\uff1b\uff01\uff02\uff08\uff09])/gu;

/**
 * Each Chinese character or kanji is a word. Runs of kana are not split: TERCOM's rules for them match only at the beginning
 * of the line, where there is a space at this point.
 */
const ASIAN: readonly Rule[] = [
  [/([\u4e00-\u9fff\u3400-\u4dbf])/gu, ' $1 '],
  [/([\u31c0-\u31ef\u2e80-\u2eff])/gu, ' $1 '],
  [/([\u3300-\u33ff\uf900-\ufaff\ufe30-\ufe4f])/gu, ' $1 '],
  [/([\u3200-\u32ff])/gu, ' $1 '],
  [ASIAN_PUNCTUATION, ' $1 '],
  [FULL_WIDTH_PUNCTUATION, ' $1 '],
];

const PUNCTUATION: readonly Rule[] = [[/[.,?:;!"()]/gu, '']];

const ALL_ASIAN_PUNCTUATION: readonly Rule[] = [
  [ASIAN_PUNCTUATION, ''],
  [FULL_WIDTH_PUNCTUATION, ''],
];

/** Normalises a text as TERCOM's `Normalizer.java` does. */
export function tercomText(segment: string, settings: TercomSettings): string {
  const { normalized, noPunct, asianSupport, caseSensitive } = settings;
  let text = caseSensitive ? segment : segment.toLowerCase();
  if (normalized) {
    text = apply(WESTERN, text);
    if (asianSupport) text = apply(ASIAN, text);
  }
  if (noPunct) {
    text = apply(PUNCTUATION, text);
    if (asianSupport) text = apply(ALL_ASIAN_PUNCTUATION, text);
  }
  return text;
}

function apply(rules: readonly Rule[], text: string): string {
  return rules.reduce((result, [pattern, replacement]) => result.replace(pattern, replacement), text);
}
