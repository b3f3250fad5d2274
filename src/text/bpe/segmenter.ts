import { ByteOutput } from '../byte-output.js';
import { createWasmBlockSegmenter } from './wasm/block-segmenter.js';
import { createWordSegmenter, type SegmenterOptions, type WordSegmenter } from './word-segmenter.js';

export type { SegmenterOptions } from './word-segmenter.js';

/**
 * Segments text with BPE as subword-nmt's `apply-bpe` does; each distinct word is worked out once.
 *
 * @returns a function from a line of words to the line of their subwords; spaces round the line stay
 */
export function createBpeSegmenter(options: SegmenterOptions): (line: string) => string {
  const segment = createBpeBlockSegmenter(options);
  return (line) =>
    segment(Buffer.from(`${line}\n`))
      .toString('utf8')
      .slice(0, -1);
}

/** The same for a block of lines, each ended by `\n`; what is returned is valid until the next call. */
export function createBpeBlockSegmenter(options: SegmenterOptions): (block: Buffer) => Buffer {
  const { codes, separator = '@@', vocabulary, glossaries = [], dropout = 0 } = options;
  if (dropout > 0 || glossaries.length > 0 || (vocabulary?.size ?? 0) > 0) return createScriptedSegmenter(options);
  const segment = createWasmBlockSegmenter(codes, separator);
  let scripted: ReturnType<typeof createScriptedSegmenter> | undefined; // seldom needed
  return (block) => {
    const segmented = segment(block);
    if (segmented !== null) return segmented;
    scripted ??= createScriptedSegmenter(options);
    return scripted(block);
  };
}

/** `createBpeBlockSegmenter` in JavaScript, for every option and every size of block. */
function createScriptedSegmenter(options: SegmenterOptions): (block: Buffer) => Buffer {
  const segmenter = new LineSegmenter(options);
  const { output } = segmenter;
  return (block) => {
    output.clear();
    for (let at = 0; at < block.length; ) at = segmenter.write(block, at);
    return output.view();
  };
}

const SPACE = 0x20;
const NEWLINE = 0x0a;

/** Words remembered at first, a power of two. */
const FIRST_WORDS = 1 << 15;
/** Bound the memory; a text of a million sentences has fewer words. */
const MOST_WORDS = 1 << 18;
const MOST_BYTES = 1 << 26;

const FREE = -1;
/** Numbers of an entry: the word's hash, where its bytes begin, where they end and its subwords begin, where these end. */
const ENTRY = 4;

/** Segments line after line and remembers the words. */
class LineSegmenter {
  readonly output = new ByteOutput(1 << 17);
  readonly #segment: WordSegmenter;
  readonly #remembers: boolean;
  /** By hash: where the entries of words begin; open addressing, at most half full. */
  #slots = new Int32Array(2 * FIRST_WORDS).fill(FREE);
  #entries = new Int32Array(ENTRY * FIRST_WORDS);
  #words = 0;
  /** The words and their subwords. */
  readonly #texts = new ByteOutput(48 * FIRST_WORDS);

  constructor(options: SegmenterOptions) {
    this.#segment = createWordSegmenter(options);
    this.#remembers = options.dropout === undefined || options.dropout === 0;
  }

  /**
   * Writes the subwords of the line that begins at `from`, and its end. In one piece: most texts are done before V8 has
   * compiled many functions.
   *
   * @returns where the next line begins
   */
  write(bytes: Buffer, from: number): number {
    const output = this.output;
    let slots = this.#slots;
    let entries = this.#entries;
    let texts = this.#texts.bytes;
    for (let at = from; ; ) {
      const start = at;
      let hash = 0;
      let byte = bytes[at]!;
      for (; byte !== SPACE && byte !== NEWLINE; byte = bytes[++at]!) hash = ((hash << 5) - hash + byte) | 0;
      const length = at - start;
      if (length > 0 && !this.#remembers) this.#segment(bytes, start, at, output);
      else if (length > 0) {
        let entry: number;
        for (let slot = slotOf(hash); ; slot += 1) {
          entry = slots[slot & (slots.length - 1)]!;
          if (entry === FREE) {
            entry = this.#learn(bytes, start, at, hash);
            slots = this.#slots;
            entries = this.#entries;
            texts = this.#texts.bytes;
            break;
          }
          if (entries[entry] !== hash) continue;
          let known = entries[entry + 1]!;
          if (entries[entry + 2]! - known !== length) continue;
          let next = start;
          while (next < at && bytes[next] === texts[known]) {
            next += 1;
            known += 1;
          }
          if (next === at) break;
        }
        const end = entries[entry + 3]!;
        let next = entries[entry + 2]!;
        let to = output.extend(end - next);
        const written = output.bytes;
        while (next < end) written[to++] = texts[next++]!;
      }
      const space = at;
      while (byte === SPACE) byte = bytes[++at]!;
      // Spaces round a line stay, one stays of those between words.
      let spaces = space === from || byte === NEWLINE ? at - space : 1;
      for (; spaces > 0; spaces -= 1) output.byte(SPACE);
      if (byte === NEWLINE) {
        output.byte(NEWLINE);
        return at + 1;
      }
    }
  }

  /** @returns the new entry of the word `bytes[from, to)` */
  #learn(bytes: Buffer, from: number, to: number, hash: number): number {
    const texts = this.#texts;
    if (this.#words === MOST_WORDS || texts.length > MOST_BYTES) {
      this.#words = 0;
      this.#slots.fill(FREE);
      texts.clear();
    }
    if (2 * (this.#words + 1) > this.#slots.length) this.#grow();
    const entry = ENTRY * this.#words++;
    const entries = this.#entries;
    entries[entry] = hash;
    entries[entry + 1] = texts.length;
    texts.copy(bytes, from, to);
    entries[entry + 2] = texts.length;
    this.#segment(bytes, from, to, texts);
    entries[entry + 3] = texts.length;
    this.#place(entry);
    return entry;
  }

  #grow(): void {
    this.#slots = new Int32Array(2 * this.#slots.length).fill(FREE);
    const entries = this.#entries;
    this.#entries = new Int32Array(2 * entries.length);
    this.#entries.set(entries);
    for (let word = 0; word < this.#words; word += 1) this.#place(ENTRY * word);
  }

  #place(entry: number): void {
    const mask = this.#slots.length - 1;
    let slot = slotOf(this.#entries[entry]!) & mask;
    while (this.#slots[slot] !== FREE) slot = (slot + 1) & mask;
    this.#slots[slot] = entry;
  }
}

/** Where the search begins; the high bits of a product depend on all bits of the hash (Knuth's multiplicative hashing). */
const slotOf = (hash: number): number => Math.imul(hash, 0x9e3779b1) >>> 7;
