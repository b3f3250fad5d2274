import { UserError } from '../errors.js';
import { readLines } from '../text/lines.js';
import type { Dictionary } from './dictionary.js';
import { writeIndexedDataset } from './indexed-dataset-writer.js';

export interface BinarizeSummary {
  readonly sentences: number;
  /** With the `</s>` of each sentence. */
  readonly tokens: number;
  /** Tokens that the dictionary lacks. */
  readonly replaced: number;
}

/**
 * Writes the lines of a text as PREFIX.bin and PREFIX.idx, line by line: memory does not grow with the text.
 *
 * @throws UserError if the text is missing, empty or not UTF-8; then nothing is written
 */
export function binarizeText(path: string, dictionary: Dictionary, prefix: string): BinarizeSummary {
  let replaced = 0;
  const onUnknown = (): void => {
    replaced += 1;
  };
  const encode = (line: string): Int32Array => dictionary.encodeLine(line, onUnknown);
  return { ...binarizeLines(path, encode, prefix, dictionary.size), replaced };
}

/** The same for lines `0-0 1-2 …` of word alignments: each pair of positions is two numbers. */
export function binarizeAlignments(path: string, prefix: string): BinarizeSummary {
  let number = 0;
  const encode = (line: string): Int32Array => {
    number += 1;
    return Int32Array.from(parseAlignment(line, `${path} line ${number}`).flat());
  };
  return { ...binarizeLines(path, encode, prefix, null), replaced: 0 };
}

/** The pairs (source position, target position) of a line of word alignments, `0-0 1-2 …`. */
export function parseAlignment(line: string, where: string): [source: number, target: number][] {
  return line
    .split(/\s+/)
    .filter((pair) => pair !== '')
    .map((pair) => {
      const positions = /^(\d+)-(\d+)$/.exec(pair);
      if (positions !== null) return [Number(positions[1]), Number(positions[2])];
      throw new UserError(`${where}: "${pair}" is no alignment`, 'write pairs of positions from 0: 0-0 1-2');
    });
}

function binarizeLines(
  path: string,
  encode: (line: string) => Int32Array,
  prefix: string,
  vocabularySize: number | null,
): { sentences: number; tokens: number } {
  const writer = writeIndexedDataset(prefix, vocabularySize);
  let sentences = 0;
  let tokens = 0;
  try {
    for (const line of readLines(path)) {
      const ids = encode(line);
      writer.add(ids);
      sentences += 1;
      tokens += ids.length;
    }
    if (sentences === 0) throw emptyFile(path);
    writer.finish();
  } catch (error) {
    writer.discard();
    throw error;
  }
  return { sentences, tokens };
}

export function emptyFile(path: string): UserError {
  return new UserError(`${path} is empty`, 'give a text with one sentence a line');
}
