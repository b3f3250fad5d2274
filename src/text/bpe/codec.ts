import type { TextCodec } from '../codec.js';
import { readLines } from '../lines.js';
import { parseCodes } from './codes.js';
import { createBpeSegmenter } from './segmenter.js';

/**
 * A codec between words and subwords, with a file of BPE codes as in subword-nmt.
 *
 * @throws UserError if the file cannot be read or is not a file of BPE codes
 */
export function createBpeCodec(codesPath: string, separator = '@@'): TextCodec {
  const codes = parseCodes(readLines(codesPath), codesPath);
  const encode = createBpeSegmenter({ codes, separator });
  return {
    encode,
    encodePhrase: encode,
    decode: subwordJoiner(separator),
  };
}

/** Creates a function that joins the subwords of space-separated tokens. */
export const subwordJoiner =
  (separator: string): TextCodec['decode'] =>
  (tokens) =>
    `${tokens} `.replaceAll(`${separator} `, '').trimEnd();
