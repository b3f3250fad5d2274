import { UserError } from '../../errors.js';

/** Limits on the sentence pairs that are kept. */
export interface CleanCorpusOptions {
  /** Minimum number of tokens on each side. */
  readonly min: number;
  /** Maximum number of tokens on each side. */
  readonly max: number;
  /** Maximum ratio of the lengths of the longer and the shorter side. Default: 9, as in Moses. */
  readonly ratio?: number;
}

/** A pair with a token longer than this is dropped, because word aligners crash on such tokens. */
const MAX_TOKEN_LENGTH = 1000;
const OVERLONG_TOKEN = new RegExp(`[^\\p{White_Space}|]{${MAX_TOKEN_LENGTH + 1}}`, 'u');

/**
 * The pairs that Moses' `clean-corpus-n.perl` keeps, with white space collapsed. Every `|` is removed unless the first
 * pair contains one: the corpus is then factored.
 *
 * @throws UserError if a token of a factored corpus has an empty factor
 */
export function* cleanCorpus(
  pairs: Iterable<readonly [source: string, target: string]>,
  options: CleanCorpusOptions,
): Generator<[source: string, target: string], void, undefined> {
  let factored: boolean | undefined;
  let line = 0;
  for (const pair of pairs) {
    line += 1;
    factored ??= pair.some((text) => text.includes('|'));
    const source = tidy(pair[0], factored);
    const target = tidy(pair[1], factored);
    if (!fits(source, target, options)) continue;
    checkFactors(source, line);
    checkFactors(target, line);
    yield [source, target];
  }
}

function tidy(text: string, factored: boolean): string {
  const unfactored = factored ? text : text.replaceAll('|', '');
  return unfactored.replace(/\p{White_Space}+/gu, ' ').replace(/^ | $/gu, '');
}

function fits(source: string, target: string, { min, max, ratio = 9 }: CleanCorpusOptions): boolean {
  if (source === '' || target === '') return false;
  const lengths = [source.split(' ').length, target.split(' ').length];
  const shorter = Math.min(...lengths);
  const longer = Math.max(...lengths);
  if (shorter < min || longer > max || longer / shorter > ratio) return false;
  return !OVERLONG_TOKEN.test(source) && !OVERLONG_TOKEN.test(target);
}

function checkFactors(text: string, line: number): void {
  if (!/[ |]\|/u.test(text)) return;
  throw new UserError(
    `line ${line} has an empty factor: ${text}`,
    'fill the factor, or remove every | from the corpus',
  );
}
