import { type TokenList, TokenTable } from '../../text/token-table.js';
import { type ByteRange, readBlocks } from './byte-range.js';
import { scanTokens } from './scan-tokens.js';

/** The number of occurrences of every token of a text, in the order of first occurrence. */
export interface TokenCounts {
  readonly lines: number;
  readonly tokens: TokenList;
  readonly counts: readonly number[];
}

/** @throws UserError if the text cannot be read or is not UTF-8 */
export function countTokens(range: ByteRange, onRead: (bytes: number) => void = () => {}): TokenCounts {
  const table = new TokenTable();
  const counts: number[] = [];
  let lines = 0;
  const sink = {
    token(bytes: Uint8Array, from: number, to: number, hash: number): void {
      const entry = table.add(bytes, from, to, hash);
      if (entry === counts.length) counts.push(1);
      else counts[entry]! += 1;
    },
    lineEnd(): void {
      lines += 1;
    },
  };
  readBlocks(range, (block) => {
    scanTokens(block, block.length, sink);
    onRead(block.length);
  });
  return { lines, counts, tokens: table.list() };
}
