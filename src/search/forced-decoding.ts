import { selectOptions } from '../options/select.js';
import { type SearchOptions, searchOptions } from './options.js';

/**
 * The search options for `--score-reference`. The reference is the prefix of its output, so that one hypothesis
 * remains, with the models' scores and attention for the reference. As in fairseq, search options of the command have
 * no effect.
 * @param longest the length of the longest reference, in tokens including `</s>`
 */
export function forcedDecoding(longest: number): SearchOptions {
  return selectOptions(searchOptions, { beam: 1, minLen: 0, maxLenB: longest - 1, prefixSize: longest });
}
