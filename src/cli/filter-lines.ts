import { readLineBlocks, writeLineBlocksAtomically } from '../text/lines.js';
import type { ArgumentSpec } from './command.js';

/** Where a line filter reads and writes. */
export const filterArguments: readonly ArgumentSpec[] = [
  { name: 'input', help: 'text to read; - or nothing is stdin', optional: true },
  { name: 'output', help: 'file to write; - or nothing is stdout', optional: true },
];

/** Reads lines, turns each into another and writes them, in bounded memory. */
export function filterLines([input = '-', output = '-']: readonly string[], transform: (line: string) => string): void {
  writeLineBlocksAtomically(output, transformed(readLineBlocks(input), transform));
}

function* transformed(
  blocks: Iterable<readonly string[]>,
  transform: (line: string) => string,
): Generator<readonly string[]> {
  for (const lines of blocks) yield lines.map((line) => transform(line));
}
