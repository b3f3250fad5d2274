import { UserError } from '../errors.js';
import { readLines, readParallelLines, writeLinesAtomically } from '../text/lines.js';
import { parseAlignment } from './binarize.js';
import type { Dictionary } from './dictionary.js';

interface AlignedText {
  readonly path: string;
  readonly dictionary: Dictionary;
}

/**
 * Writes lines `<source symbol> <target symbol>`: for every source symbol, the target symbol most often aligned with it
 * (among equals, the first). Unknown words are omitted. `--replace-unk FILE` reads these lines, as in fairseq.
 *
 * @throws UserError if the files are not parallel or an alignment points beyond its sentence
 */
export function writeAlignmentDictionary(
  path: string,
  corpus: { alignments: string; source: AlignedText; target: AlignedText },
): void {
  const { source, target } = corpus;
  const frequencies = countAlignedPairs(corpus);
  writeLinesAtomically(
    path,
    Array.from(frequencies, ([sourceId, targets]) => {
      const [mostFrequent] = [...targets].sort(([, a], [, b]) => b - a)[0]!;
      return `${source.dictionary.symbol(sourceId)} ${target.dictionary.symbol(mostFrequent)}`;
    }),
  );
}

/** For every source id, how often it is aligned with each target id, in the order of first occurrence. */
function countAlignedPairs({
  alignments,
  source,
  target,
}: {
  alignments: string;
  source: AlignedText;
  target: AlignedText;
}): Map<number, Map<number, number>> {
  const frequencies = new Map<number, Map<number, number>>();
  const alignmentLines = readLines(alignments);
  let number = 0;
  for (const [sourceLine, targetLine] of readParallelLines(source.path, target.path)) {
    number += 1;
    const where = `${alignments} line ${number}`;
    const sourceIds = source.dictionary.encodeLine(sourceLine);
    const targetIds = target.dictionary.encodeLine(targetLine);
    const alignment = alignmentLines.next();
    if (alignment.done) throw unequalLength(alignments, `ends after ${number - 1} lines, but ${source.path} continues`);
    for (const [from, to] of parseAlignment(alignment.value, where)) {
      if (from >= sourceIds.length - 1 || to >= targetIds.length - 1) {
        throw new UserError(
          `${where}: ${from}-${to} points beyond the sentence`,
          'compute the alignments from the tokenized files of --trainpref',
        );
      }
      const [sourceId, targetId] = [sourceIds[from]!, targetIds[to]!];
      if (sourceId === source.dictionary.unkIndex || targetId === target.dictionary.unkIndex) continue;
      const targets = frequencies.get(sourceId) ?? new Map<number, number>();
      targets.set(targetId, (targets.get(targetId) ?? 0) + 1);
      frequencies.set(sourceId, targets);
    }
  }
  if (!alignmentLines.next().done)
    throw unequalLength(alignments, `continues after the ${number} lines of ${source.path}`);
  return frequencies;
}

const unequalLength = (path: string, problem: string): UserError =>
  new UserError(`${path} ${problem}`, 'write one line of alignments per sentence pair of --trainpref');
