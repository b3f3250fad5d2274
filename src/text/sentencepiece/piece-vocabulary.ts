import { UserError } from '../../errors.js';
import { withoutBlankLinesAtEnd } from '../blank-lines.js';
import { readLines } from '../lines.js';

/**
 * Reads the pieces of a file of lines `<piece><TAB><count>` that occur at least `threshold` times. A piece without a
 * count occurs once. A space may replace the tab, as in files of get-vocab: no piece contains a space.
 *
 * @throws UserError naming the line in another format
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
