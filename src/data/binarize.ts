import { UserError } from '../errors.js';
import { readLines } from '../text/lines.js';
import { splitFile } from './corpus/byte-range.js';
import type { CorpusPool } from './corpus/corpus-pool.js';
import { emptyFile } from './empty-file.js';
import { joinDatasetParts, writeIndexedDataset } from './indexed-dataset-writer.js';
import { splitWhitespace } from './whitespace.js';

/** What was written of one text. */
export interface BinarizeSummary {
  readonly sentences: number;
  /** Including the `</s>` of each sentence. */
  readonly tokens: number;
  /** Tokens that the dictionary lacks. */
  readonly replaced: number;
}

/**
 * Writes the lines of a text as PREFIX.bin and PREFIX.idx. Each worker of the pool encodes a share. Memory use does not
 * grow with the text.
 *
 * @throws UserError if the text is missing, empty or not UTF-8
 */
export async function binarizeText(
  path: string,
  { dictionary, size }: { dictionary: string; size: number },
  prefix: string,
  pool: CorpusPool,
): Promise<BinarizeSummary> {
  const shares = splitFile(path, pool.workers);
  const parts = await Promise.all(
    shares.map((range, at) => pool.encode({ range, dictionary, partPath: `${prefix}.part${at}` })),
  );
  const total = (count: (part: BinarizeSummary) => number): number => parts.reduce((sum, part) => sum + count(part), 0);
  const sentences = total((part) => part.sentences);
  if (sentences === 0) throw emptyFile(path);
  joinDatasetParts(parts, prefix, size);
  return { sentences, tokens: total(({ tokens }) => tokens), replaced: total(({ replaced }) => replaced) };
}

/**
 * Writes lines `0-0 1-2 …` of word alignments as PREFIX.bin and PREFIX.idx. Each pair of positions becomes two numbers.
 * @returns the number of lines
 */
export function binarizeAlignments(path: string, prefix: string): number {
  const writer = writeIndexedDataset(prefix, null);
  let number = 0;
  try {
    for (const line of readLines(path)) {
      number += 1;
      writer.add(Int32Array.from(parseAlignment(line, `${path} line ${number}`).flat()));
    }
    if (number === 0) throw emptyFile(path);
    writer.finish();
  } catch (error) {
    writer.discard();
    throw error;
  }
  return number;
}

/** Parses a line of word alignments, `0-0 1-2 …`, into pairs of source and target positions. */
export function parseAlignment(line: string, where: string): [source: number, target: number][] {
  return splitWhitespace(line).map((pair) => {
    const positions = /^(\d+)-(\d+)$/.exec(pair);
    if (positions !== null) return [Number(positions[1]), Number(positions[2])];
    throw new UserError(`${where}: "${pair}" is not an alignment`, 'write pairs of positions counted from 0: 0-0 1-2');
  });
}
