import { UserError } from '../errors.js';
import { postProcess } from './post-process.js';
import { splitWhitespace, trimEndWhitespace } from './whitespace.js';

const BOS = '<s>';
const PAD = '<pad>';
const EOS = '</s>';
const UNK = '<unk>';
const SPECIALS: readonly string[] = [BOS, PAD, EOS, UNK];
const OVERWRITE = '#fairseq:overwrite';

export interface FinalizeOptions {
  /** Symbols counted less often are left out; −1 keeps all. */
  readonly threshold?: number;
  /** The size before padding, specials included; 0 or less means no limit. */
  readonly nwords?: number;
  /** The size becomes a multiple of it, by symbols `madeupword0000` … of count 0. */
  readonly paddingFactor?: number;
}

export interface StringOptions {
  /** Joins subword units: see `postProcess`. */
  readonly bpeSymbol?: string | null;
  /** What `<unk>` reads as; fairseq writes references with `<<unk>>` so that no hypothesis can match it. */
  readonly unkString?: string | ((position: number) => string);
  /** Keeps `</s>` in the text. */
  readonly includeEos?: boolean;
  /** Further ids to leave out. */
  readonly ignore?: ReadonlySet<number>;
}

/** How an unknown word of a reference reads, so that the scorer matches it with nothing. */
export const ESCAPED_UNK = `<${UNK}>`;

/** fairseq's mapping between symbols and consecutive ids; `<s>`, `<pad>`, `</s>`, `<unk>` are always 0 to 3. */
export class Dictionary {
  readonly bosIndex = 0;
  readonly padIndex = 1;
  readonly eosIndex = 2;
  readonly unkIndex = 3;
  readonly #symbols: string[] = [...SPECIALS];
  readonly #counts: number[] = SPECIALS.map(() => 1);
  readonly #indices = new Map(SPECIALS.map((symbol, index) => [symbol, index]));

  get size(): number {
    return this.#symbols.length;
  }

  /** The symbol of an id; `<unk>` for an id beyond the vocabulary. */
  symbol(index: number): string {
    return this.#symbols[index] ?? UNK;
  }

  count(index: number): number {
    return this.#counts[index] ?? 0;
  }

  /** The id of a symbol, `unkIndex` when there is none. */
  index(symbol: string): number {
    return this.#indices.get(symbol) ?? this.unkIndex;
  }

  has(symbol: string): boolean {
    return this.#indices.has(symbol);
  }

  /** Whether both give the same ids to the same symbols; counts may differ. */
  equals(other: Dictionary): boolean {
    return this.size === other.size && this.#symbols.every((symbol, index) => symbol === other.symbol(index));
  }

  /** Adds to the count of a symbol, new or known, and returns its id. */
  add(symbol: string, count = 1): number {
    const known = this.#indices.get(symbol);
    if (known === undefined) return this.#append(symbol, count);
    this.#counts[known]! += count;
    return known;
  }

  /** Counts the tokens of a line of text. */
  countLine(line: string): void {
    for (const token of splitWhitespace(line)) this.add(token);
  }

  /**
   * The vocabulary of what was counted: by count descending, ties by code point, cut to `nwords`, then to the symbols
   * that reach the threshold, then padded.
   */
  finalize({ threshold = -1, nwords = -1, paddingFactor = 8 }: FinalizeOptions = {}): Dictionary {
    const limit = nwords > 0 ? nwords - SPECIALS.length : Number.POSITIVE_INFINITY;
    const finalized = new Dictionary();
    for (const [symbol, count] of this.#entries().sort(byCountThenCodePoint).slice(0, Math.max(limit, 0))) {
      if (count < threshold) break;
      finalized.add(symbol, count);
    }
    finalized.#padToMultiple(paddingFactor);
    return finalized;
  }

  /**
   * The ids of a line's tokens, ended by `</s>`.
   *
   * @param onUnknown is told of every token that the dictionary lacks
   */
  encodeLine(line: string, onUnknown?: (token: string) => void): Int32Array {
    const tokens = splitWhitespace(line);
    const ids = new Int32Array(tokens.length + 1);
    for (const [position, token] of tokens.entries()) {
      const index = this.index(token);
      if (index === this.unkIndex && token !== UNK) onUnknown?.(token);
      ids[position] = index;
    }
    ids[tokens.length] = this.eosIndex;
    return ids;
  }

  /** The symbols of ids, separated by spaces, without `<s>` and (unless asked for) `</s>`. */
  string(
    ids: Iterable<number>,
    { bpeSymbol = null, unkString = UNK, includeEos = false, ignore }: StringOptions = {},
  ): string {
    const symbols: string[] = [];
    let position = -1;
    for (const id of ids) {
      position += 1;
      if (id === this.bosIndex || (id === this.eosIndex && !includeEos) || ignore?.has(id)) continue;
      if (id !== this.unkIndex) symbols.push(this.symbol(id));
      else symbols.push(typeof unkString === 'string' ? unkString : unkString(position));
    }
    return postProcess(symbols.join(' '), bpeSymbol);
  }

  /** The lines of `dict.LANG.txt`, specials left out. A symbol that overwrites an earlier one says so. */
  *lines(): Generator<string, void, undefined> {
    const hasRepeated = this.#indices.size < this.size;
    const written = new Set(SPECIALS);
    for (let index = SPECIALS.length; index < this.size; index++) {
      const [symbol, count] = [this.#symbols[index]!, this.#counts[index]!];
      yield hasRepeated && written.has(symbol) ? `${symbol} ${count} ${OVERWRITE}` : `${symbol} ${count}`;
      if (hasRepeated) written.add(symbol);
    }
  }

  /**
   * Reads the lines of `dict.LANG.txt`: `<symbol> <count>`, cut at the last space, optionally followed by
   * ` #fairseq:overwrite`, which lets a symbol appear again under a new id.
   *
   * @param name the file, for messages
   * @throws UserError that names the line which has no count or repeats a symbol
   */
  static parse(lines: Iterable<string>, name: string): Dictionary {
    const dictionary = new Dictionary();
    let number = 0;
    for (const line of lines) {
      number += 1;
      const { symbol, count, overwrite } = parseEntry(line, name, number);
      if (dictionary.has(symbol) && !overwrite) {
        throw new UserError(
          `${name} line ${number}: "${symbol}" is there twice`,
          SPECIALS.includes(symbol)
            ? 'remove the line: <s>, <pad>, </s> and <unk> are always in the dictionary'
            : `remove one, or end the line with ${OVERWRITE}`,
        );
      }
      dictionary.#append(symbol, count);
    }
    return dictionary;
  }

  #append(symbol: string, count: number): number {
    const index = this.#symbols.length;
    this.#indices.set(symbol, index);
    this.#symbols.push(symbol);
    this.#counts.push(count);
    return index;
  }

  /** Symbols and counts after the specials, in the order of their ids. */
  #entries(): [symbol: string, count: number][] {
    return this.#symbols.slice(SPECIALS.length).map((symbol, at) => [symbol, this.#counts[at + SPECIALS.length]!]);
  }

  #padToMultiple(factor: number): void {
    if (factor <= 1) return;
    for (let filler = 0; this.size % factor !== 0; filler++) {
      this.add(`madeupword${String(filler).padStart(4, '0')}`, 0);
    }
  }
}

function parseEntry(line: string, name: string, number: number): { symbol: string; count: number; overwrite: boolean } {
  const rejected = () =>
    new UserError(
      `${name} line ${number}: "${line}" has no count; each line is "<token> <count>"`,
      'rebuild the dictionary with ts-fairseq preprocess',
    );
  const simple = /^(\S+) (\d{1,15})$/.exec(line);
  if (simple !== null) return { symbol: simple[1]!, count: Number(simple[2]), overwrite: false };
  const entry = trimEndWhitespace(line);
  const overwrite = entry.endsWith(` ${OVERWRITE}`);
  const counted = overwrite ? entry.slice(0, -OVERWRITE.length - 1) : entry;
  const space = counted.lastIndexOf(' ');
  const digits = counted.slice(space + 1);
  if (space < 0 || !/^[+-]?\d+$/.test(digits)) throw rejected();
  return { symbol: counted.slice(0, space), count: Number(digits), overwrite };
}

function byCountThenCodePoint([a, countA]: [string, number], [b, countB]: [string, number]): number {
  return countB - countA || compareCodePoints(a, b);
}

/** Python's order of strings. JavaScript's compares UTF-16 units, which puts U+10000 before U+E000. */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  let at = 0;
  while (at < length && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  if (at === length) return a.length - b.length;
  const unitA = a.charCodeAt(at);
  const unitB = b.charCodeAt(at);
  // Surrogates (D800–DFFF) stand for code points above every other unit; among themselves their order is right.
  const isSurrogateA = unitA >= 0xd800 && unitA <= 0xdfff;
  const isSurrogateB = unitB >= 0xd800 && unitB <= 0xdfff;
  return isSurrogateA === isSurrogateB ? unitA - unitB : isSurrogateA ? 1 : -1;
}
