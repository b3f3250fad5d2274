import { UserError } from '../../errors.js';
import { withoutBlankLinesAtEnd } from '../blank-lines.js';
import { trimSpaces } from '../trim-spaces.js';

/** Two symbols that are merged into one. */
export type Merge = readonly [left: string, right: string];

/** Follows the last character of a word: in version 0.2 as part of its symbol, in 0.1 as a symbol of its own. */
export const END_OF_WORD = '</w>';

/** BPE merges in the order in which they were learned and are applied. */
export interface BpeCodes {
  readonly version: '0.1' | '0.2'; // of the file format
  readonly merges: readonly Merge[]; // the most important first
}

/** The lines of a file of BPE codes. */
export function* codesLines({ version, merges }: BpeCodes): Generator<string, void, undefined> {
  if (version !== '0.1') yield `#version: ${version}`;
  for (const [left, right] of merges) yield `${left} ${right}`;
}

/**
 * Parses a codes file of subword-nmt. Without a `#version` line, its version is 0.1. Blank lines at the end are
 * ignored.
 *
 * @param name the name of the file, for messages
 * @throws UserError naming the line that is not two symbols, or for an unknown version or an empty file
 */
export function parseCodes(lines: Iterable<string>, name: string): BpeCodes {
  const merges: Merge[] = [];
  let version: BpeCodes['version'] = '0.1';
  let number = 0;
  for (const line of withoutBlankLinesAtEnd(lines)) {
    number += 1;
    if (number === 1 && line.startsWith('#version:')) {
      version = parseVersion(line, name);
      continue;
    }
    const text = trimSpaces(line);
    const space = text.indexOf(' ');
    const left = text.slice(0, space);
    const right = text.slice(space + 1);
    if (space < 1 || right === '' || right.includes(' ')) {
      throw new UserError(
        `${name} line ${number}: "${line.slice(0, 80)}" is not two symbols separated by a space`,
        GIVE_CODES,
      );
    }
    merges.push([left, right]);
  }
  if (number === 0) throw new UserError(`${name} is empty`, GIVE_CODES);
  return { version, merges };
}

const GIVE_CODES = 'give a codes file written by learn-joint-bpe-and-vocab or subword-nmt';

function parseVersion(line: string, name: string): BpeCodes['version'] {
  const version = line.split(/\s+/).pop()!;
  if (version === '0.1' || version === '0.2') return version;
  throw new UserError(
    `${name} has BPE version ${version}`,
    'versions 0.1 and 0.2 are supported; learn the codes again',
  );
}
