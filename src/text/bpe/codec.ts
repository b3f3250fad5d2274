import type { TextCodec } from '../codec.js';
import { readLines } from '../lines.js';
import { parseCodes } from './codes.js';
import { createBpeSegmenter } from './segmenter.js';

/**
 * Subwords by a file of BPE codes, as subword-nmt makes them, and back to words.
 *
 * @throws UserError where the file cannot be read or is no file of codes
 */
export function createBpeCodec(codesPath: string, separator = '@@'): TextCodec {
  const codes = parseCodes(readLines(codesPath), codesPath);
  return {
    encode: createBpeSegmenter({ codes, separator }),
    decode: (tokens) => `${tokens} `.replaceAll(`${separator} `, '').trimEnd(),
  };
}
