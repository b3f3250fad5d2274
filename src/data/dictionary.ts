import { UserError } from '../errors.js';
import { type TokenList, TokenTable } from '../text/token-table.js';
import { postProcess } from './post-process.js';
import { splitWhitespace, trimEndWhitespace } from './whitespace.js';

const BOS = '<s>';
const PAD = '<pad>';
const EOS = '</s>';
const UNK = '<unk>';
const SPECIALS: readonly string[] = [BOS, PAD, EOS, UNK];
const OVERWRITE = '#fairseq:overwrite';

/** How a dictionary is cut off and padded. */
export interface FinalizeOptions {
  /** Omits symbols with a lower count; −1 keeps all. */
  readonly threshold?: number;
  /** The maximum size before padding, including special symbols; 0 or less means no limit. */
  readonly nwords?: number;
  /** Pads the size to a multiple of this with symbols `madeupword0000` … of count 0. */
  readonly paddingFactor?: number;
}

/** How ids become text. */
export interface StringOptions {
  /** Joins subwords; see `postProcess`. */
  readonly bpeSymbol?: string | null;
  /** The text for `<unk>`. fairseq writes `<<unk>>` in references, so that no hypothesis can match it. */
  readonly unkString?: string | ((position: number) => string);
  /** Whether to keep `</s>`. */
  readonly includeEos?: boolean;
  /** Additional ids to omit. */
  readonly ignore?: ReadonlySet<number>;
}

/** The text for an unknown word of a reference, which the scorer matches with nothing. */
export const ESCAPED_UNK = `<${UNK}>`;

/**
 * fairseq's mapping between symbols and consecutive ids. `<s>`, `<pad>`, `</s>`, `<unk>` always have the ids 0 to 3. A
 * symbol takes only about 50 bytes plus its length: corpora without subwords have millions of symbols.
 */
export class Dictionary {
  readonly bosIndex = 0;
  readonly padIndex = 1;
  readonly eosIndex = 2;
  readonly unkIndex = 3;
  readonly #table = new TokenTable();
  readonly #counts: number[] = [];
  /**
   * If symbols repeat: the table entry of each id, and the last id of each entry. Otherwise entries and ids are equal.
   */
  #repeats: { readonly entries: number[]; readonly ids: number[] } | null = null;

  constructor() {
    for (const symbol of SPECIALS) this.#append(this.#table.addText(symbol), 1);
  }

  get size(): number {
    return this.#counts.length;
  }

  /** The symbol of an id; `<unk>` for an id outside the vocabulary. */
  symbol(index: number): string {
    return this.#counts[index] === undefined ? UNK : this.#table.text(this.#entryOf(index));
  }

  count(index: number): number {
    return this.#counts[index] ?? 0;
  }

  /** The id of a symbol, or `unkIndex` if it is unknown. */
  index(symbol: string): number {
    const entry = this.#table.findText(symbol);
    return entry < 0 ? this.unkIndex : this.#idOf(entry);
  }

  has(symbol: string): boolean {
    return this.#table.findText(symbol) >= 0;
  }

  /** The id of the symbol `bytes[from, to)` with this hash, or −1. */
  find(bytes: Uint8Array, from: number, to: number, hash: number): number {
    const entry = this.#table.find(bytes, from, to, hash);
    return entry < 0 ? entry : this.#idOf(entry);
  }

  /** Whether both assign the same ids to the same symbols; counts may differ. */
  equals(other: Dictionary): boolean {
    if (this === other) return true;
    if (this.size !== other.size) return false;
    for (let index = 0; index < this.size; index++) if (this.symbol(index) !== other.symbol(index)) return false;
    return true;
  }

  /** Adds to the count of a new or known symbol, and returns its id. */
  add(symbol: string, count = 1): number {
    return this.#count(this.#table.addText(symbol), count);
  }

  /** Adds to the counts of many symbols. */
  addAll({ bytes, ends, hashes }: TokenList, counts: ArrayLike<number>): void {
    let start = 0;
    for (const [at, end] of ends.entries()) {
      this.#count(this.#table.add(bytes, start, end, hashes[at]!), counts[at]!);
      start = end;
    }
  }

  /** Counts the tokens of a line of text. */
  countLine(line: string): void {
    for (const token of splitWhitespace(line)) this.add(token);
  }

  /**
   * Builds the dictionary from the counts: sorted by descending count, then by code point; limited to `nwords`; limited
   * to symbols that reach the threshold; padded.
   */
  finalize({ threshold = -1, nwords = -1, paddingFactor = 8 }: FinalizeOptions = {}): Dictionary {
    const limit = nwords > 0 ? Math.max(nwords - SPECIALS.length, 0) : Number.POSITIVE_INFINITY;
    const finalized = new Dictionary();
    for (const index of this.#byCountThenCodePoint().subarray(0, limit)) {
      const count = this.count(index);
      if (count < threshold) break;
      finalized.#count(finalized.#table.addFrom(this.#table, this.#entryOf(index)), count);
    }
    finalized.#padToMultiple(paddingFactor);
    return finalized;
  }

  /**
   * The ids of the tokens of a line, with `</s>` at the end.
   *
   * @param onUnknown called with every token that the dictionary lacks
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

  /** The symbols of ids, separated by spaces, without `<s>` and, unless `includeEos` is set, `</s>`. */
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

  /** The lines of `dict.LANG.txt`, without special symbols. A repeated symbol is marked with `#fairseq:overwrite`. */
  *lines(): Generator<string, void, undefined> {
    let written = SPECIALS.length; // table entries, which are in the order of their first ids
    for (let index = SPECIALS.length; index < this.size; index++) {
      const line = `${this.symbol(index)} ${this.count(index)}`;
      const isRepeated = this.#entryOf(index) < written;
      yield isRepeated ? `${line} ${OVERWRITE}` : line;
      if (!isRepeated) written += 1;
    }
  }

  /**
   * Parses the lines of `dict.LANG.txt`: `<symbol> <count>`, separated by the last space, optionally followed by
   * ` #fairseq:overwrite`, which allows a symbol to be repeated under a new id.
   *
   * @param name the name of the file, for messages
   * @throws UserError naming the line that has no count or repeats a symbol
   */
  static parse(lines: Iterable<string>, name: string): Dictionary {
    const dictionary = new Dictionary();
    let number = 0;
    for (const line of lines) {
      number += 1;
      const { symbol, count, overwrite } = parseEntry(line, name, number);
      const known = dictionary.#table.size;
      const entry = dictionary.#table.addText(symbol);
      if (entry < known && !overwrite) {
        throw new UserError(
          `${name} line ${number}: "${symbol}" occurs twice`,
          SPECIALS.includes(symbol)
            ? 'remove the line: <s>, <pad>, </s> and <unk> are always in the dictionary'
            : `remove one, or end the line with ${OVERWRITE}`,
        );
      }
      dictionary.#append(entry, count);
    }
    return dictionary;
  }

  /** Adds to the count of a table entry, or assigns an id to the newest one. @returns its id */
  #count(entry: number, count: number): number {
    if (entry === this.#entryCount) return this.#append(entry, count);
    const index = this.#idOf(entry);
    this.#counts[index]! += count;
    return index;
  }

  /** Assigns the next id to a table entry. */
  #append(entry: number, count: number): number {
    const index = this.size;
    if (entry !== index && this.#repeats === null) {
      const ids = Array.from({ length: index }, (_, id) => id);
      this.#repeats = { entries: ids, ids: [...ids] };
    }
    if (this.#repeats !== null) {
      this.#repeats.entries.push(entry);
      this.#repeats.ids[entry] = index;
    }
    this.#counts.push(count);
    return index;
  }

  /** The number of table entries with an id. */
  get #entryCount(): number {
    return this.#repeats?.ids.length ?? this.size;
  }

  #entryOf(index: number): number {
    return this.#repeats === null ? index : this.#repeats.entries[index]!;
  }

  #idOf(entry: number): number {
    return this.#repeats === null ? entry : this.#repeats.ids[entry]!;
  }

  /** The ids after the special symbols, sorted by descending count, then by code point. */
  #byCountThenCodePoint(): Uint32Array {
    const [counts, table] = [this.#counts, this.#table];
    const prefixes = Float64Array.from(counts, (_, index) => table.prefix(this.#entryOf(index)));
    return Uint32Array.from({ length: this.size - SPECIALS.length }, (_, at) => at + SPECIALS.length).sort(
      (a, b) =>
        counts[b]! - counts[a]! || prefixes[a]! - prefixes[b]! || table.compare(this.#entryOf(a), this.#entryOf(b)),
    );
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
