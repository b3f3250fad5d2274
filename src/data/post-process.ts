import { UserError } from '../errors.js';
import { didYouMean } from '../plugins/did-you-mean.js';
import { trimEndWhitespace, trimWhitespace } from './whitespace.js';

/** The values of `--remove-bpe` and `--post-process`. `@@ ` is the value of the bare flag in fairseq. */
export const POST_PROCESSES = [
  'subword_nmt',
  '@@ ',
  '@@',
  'sentencepiece',
  'wordpiece',
  'letter',
  'silence',
  '_EOW',
  'none',
] as const;

/** A value of `--post-process`. */
export type PostProcess = (typeof POST_PROCESSES)[number];

/** Joins pieces separated by spaces. `boundary` marks the start or end of a word. */
const joinPieces = (sentence: string, boundary: string): string =>
  trimWhitespace(sentence.replaceAll(' ', '').replaceAll(boundary, ' '));

/**
 * Joins subwords into words: fairseq's `post_process`.
 *
 * @param symbol the subword scheme; null returns the sentence unchanged
 * @throws UserError for an unknown scheme
 */
export function postProcess(sentence: string, symbol: string | null): string {
  switch (symbol) {
    case null:
    case 'none':
      return sentence;
    case 'subword_nmt':
    case '@@ ':
      return trimEndWhitespace(`${sentence} `.replaceAll('@@ ', ''));
    case '@@':
      return trimEndWhitespace(`${sentence} `.replaceAll('@@', ''));
    case 'sentencepiece':
      return joinPieces(sentence, '\u2581');
    case 'wordpiece':
      return joinPieces(sentence, '_');
    case 'letter':
      return joinPieces(sentence, '|');
    case '_EOW':
      return joinPieces(sentence, '_EOW');
    case 'silence':
      return trimWhitespace(sentence.replaceAll('<SIL>', '').replace(/ +/g, ' '));
    default:
      throw new UserError(`unknown --post-process '${symbol}'`, didYouMean(symbol, POST_PROCESSES));
  }
}
