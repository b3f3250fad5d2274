import { UserError } from '../../errors.js';
import { withoutBlankLinesAtEnd } from '../blank-lines.js';
import { readLines } from '../lines.js';

/**
 * The pieces of a file `<piece><TAB><count>` that occur at least `threshold` times; a piece without a count occurs once. A
 * space may stand for the tab, as in what get-vocab writes: no piece has one.
 *
 * @throws UserError naming the line that is none
 */
export function readPieceVocabulary(path: string, threshold: number): string[] {
  const pieces: string[] = [];
  let number = 0;
  for (const line of withoutBlankLinesAtEnd(readLines(path))) {
    number += 1;
    const [piece, count = '1', ...rest] = line.split(/[\t ]/);
    if (!piece || rest.length > 0 || !/^\d+$/.test(count)) {
      throw new UserError(
        `${path} line ${number}: "${line.slice(0, 80)}" is not "<piece> <count>"`,
        'give a vocabulary written by spm-encode --generate-vocabulary',
      );
    }
    if (Number(count) >= threshold) pieces.push(piece);
  }
  if (number === 0)
    throw new UserError(`${path} is empty`, 'give a vocabulary written by spm-encode --generate-vocabulary');
  return pieces;
}
