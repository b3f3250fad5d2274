import { writeFileSync } from 'node:fs';

const WORDS = 8000;

/** Writes parallel text of generated words with Zipf's distribution, 5 to 24 per line. @returns its prefix */
export function makeUpText(
  prefix: string,
  { pairs, languages }: { readonly pairs: number; readonly languages: readonly string[] },
): string {
  let state = 1;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  // P(rank ≤ r) = log r / log WORDS: Zipf's law
  const word = (): string => `wörd${Math.floor(WORDS ** random())}`;
  for (const language of languages) {
    const line = (): string => Array.from({ length: 5 + Math.floor(20 * random()) }, word).join(' ');
    writeFileSync(`${prefix}.${language}`, Array.from({ length: pairs }, () => `${line()}\n`).join(''));
  }
  return prefix;
}
