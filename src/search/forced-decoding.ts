import { selectOptions } from '../options/select.js';
import { type SearchOptions, searchOptions } from './options.js';

/**
 * The search of `--score-reference`: every token is laid down by the reference as a prefix, so that one hypothesis
 * remains, with the scores (and the attention) that the models give the reference. As in fairseq the options of the
 * search have no part in it.
 * @param longest reference, in tokens with `</s>`
 */
export function forcedDecoding(longest: number): SearchOptions {
  return selectOptions(searchOptions, { beam: 1, minLen: 0, maxLenB: longest - 1, prefixSize: longest });
}
