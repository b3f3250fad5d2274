import { HASH_START, hashByte } from '../../text/token-table.js';

/** Receives every token, as bytes and hash, and every end of a line. */
export interface TokenSink {
  token(bytes: Uint8Array, from: number, to: number, hash: number): void;
  lineEnd(): void;
}

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const ASCII_END = 0x80;

/** 1 for the ASCII bytes at which Python's `str.split` splits: U+0009–000D, U+001C–0020. */
const ASCII_SPACE = new Uint8Array(ASCII_END);
for (let byte = 0x09; byte <= 0x0d; byte++) ASCII_SPACE[byte] = 1;
for (let byte = 0x1c; byte <= 0x20; byte++) ASCII_SPACE[byte] = 1;

/**
 * Splits `bytes[0, end)`, UTF-8 text of complete lines, into lines like Python's universal newlines, and lines into
 * tokens like Python's `str.split` (`splitWhitespace` on bytes). The last line may lack its line end.
 */
export function scanTokens(bytes: Uint8Array, end: number, sink: TokenSink): void {
  let at = 0;
  let inLine = false;
  while (at < end) {
    const byte = bytes[at]!;
    if (byte === NEWLINE || byte === RETURN) {
      at += byte === RETURN && at + 1 < end && bytes[at + 1] === NEWLINE ? 2 : 1;
      sink.lineEnd();
      inLine = false;
      continue;
    }
    inLine = true;
    const space = byte < ASCII_END ? ASCII_SPACE[byte]! : wideSpace(bytes, at);
    if (space > 0) {
      at += space;
      continue;
    }
    const from = at;
    let hash = HASH_START;
    let next = byte;
    do {
      hash = hashByte(hash, next);
      at += 1;
      if (at === end) break;
      next = bytes[at]!;
    } while (next < ASCII_END ? ASCII_SPACE[next] === 0 : next < 0xc2 || next > 0xe3 || wideSpace(bytes, at) === 0);
    sink.token(bytes, from, at, hash);
  }
  if (inLine) sink.lineEnd();
}

/** The length in bytes of the non-ASCII whitespace character at `at`, or 0 if there is none. */
function wideSpace(bytes: Uint8Array, at: number): number {
  const second = bytes[at + 1]!;
  const third = bytes[at + 2]!;
  switch (bytes[at]) {
    case 0xc2: // U+0085, U+00A0
      return second === 0x85 || second === 0xa0 ? 2 : 0;
    case 0xe1: // U+1680
      return second === 0x9a && third === 0x80 ? 3 : 0;
    case 0xe2: // U+2000–200A, U+2028, U+2029, U+202F; U+205F
      if (second === 0x80)
        return (third >= 0x80 && third <= 0x8a) || third === 0xa8 || third === 0xa9 || third === 0xaf ? 3 : 0;
      return second === 0x81 && third === 0x9f ? 3 : 0;
    case 0xe3: // U+3000
      return second === 0x80 && third === 0x80 ? 3 : 0;
    default:
      return 0;
  }
}
