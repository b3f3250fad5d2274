import { UserError } from '../../errors.js';

/** Limits on the sentence pairs that are kept. */
export interface CleanCorpusOptions {
  /** Fewest tokens of either side. */
  readonly min: number;
  /** Most tokens of either side. */
  readonly max: number;
  /** The longer side may have this many times the tokens of the shorter; Moses' default is 9. */
  readonly ratio?: number;
}

/** A token longer than this many characters drops its pair (word aligners crash on them). */
const LONGEST_TOKEN = 1000;
const OVERLONG_TOKEN = new RegExp(`[^\\p{White_Space}|]{${LONGEST_TOKEN + 1}}`, 'u');

/**
 * The pairs that Moses' `clean-corpus-n.perl` keeps, with white space collapsed. A `|` is removed unless one stands in
 * the first pair: then the corpus is factored.
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
