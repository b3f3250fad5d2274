import { ByteOutput } from '../byte-output.js';
import { HASH_START, hashByte, TokenTable } from '../token-table.js';
import { createWasmBlockSegmenter } from './wasm/block-segmenter.js';
import { createWordSegmenter, type SegmenterOptions, type WordSegmenter } from './word-segmenter.js';

export type { SegmenterOptions } from './word-segmenter.js';

/**
 * Segments text with BPE like subword-nmt's `apply-bpe`. Each distinct word is segmented once.
 *
 * @returns a function from a line of words to a line of subwords; spaces around the line stay
 */
export function createBpeSegmenter(options: SegmenterOptions): (line: string) => string {
  const segment = createBpeBlockSegmenter(options);
  return (line) =>
    segment(Buffer.from(`${line}\n`))
      .toString('utf8')
      .slice(0, -1);
}

/** Like `createBpeSegmenter`, for blocks of lines that each end with `\n`. A result is valid until the next call. */
export function createBpeBlockSegmenter(options: SegmenterOptions): (block: Buffer) => Buffer {
  const { codes, separator = '@@', vocabulary, glossaries = [], dropout = 0 } = options;
  if (dropout > 0 || glossaries.length > 0 || (vocabulary?.size ?? 0) > 0) return createScriptedSegmenter(options);
  const segment = createWasmBlockSegmenter(codes, separator);
  let scripted: ReturnType<typeof createScriptedSegmenter> | undefined; // rarely needed
  return (block) => {
    const segmented = segment(block);
    if (segmented !== null) return segmented;
    scripted ??= createScriptedSegmenter(options);
    return scripted(block);
  };
}

/** `createBpeBlockSegmenter` in JavaScript, for all options and block sizes. */
function createScriptedSegmenter(options: SegmenterOptions): (block: Buffer) => Buffer {
  const writeWord = createWordWriter(options);
  const output = new ByteOutput(1 << 17);
  return (block) => {
    output.clear();
    for (let at = 0; at < block.length; at += 1) at = writeLine(block, at, writeWord, output);
    return output.view();
  };
}

const SPACE = 0x20;
const NEWLINE = 0x0a;

/** Writes the subwords of the word `bytes[from, to)` with the given hash. */
type WordWriter = (bytes: Buffer, from: number, to: number, hash: number, output: ByteOutput) => void;

/** Writes the subwords of the line that starts at `from`, and its `\n`. @returns the position of the `\n` */
function writeLine(bytes: Buffer, from: number, writeWord: WordWriter, output: ByteOutput): number {
  for (let at = from; ; ) {
    const start = at;
    let hash = HASH_START;
    for (; bytes[at] !== SPACE && bytes[at] !== NEWLINE; at++) hash = hashByte(hash, bytes[at]!);
    if (at > start) writeWord(bytes, start, at, hash, output);
    const space = at;
    while (bytes[at] === SPACE) at++;
    // Spaces around the line stay; spaces between words become one.
    const end = space === from || bytes[at] === NEWLINE ? at : space + 1;
    output.copy(bytes, space, end);
    if (bytes[at] !== NEWLINE) continue;
    output.byte(NEWLINE);
    return at;
  }
}

/** Segments words, and caches them unless dropout makes the result vary. */
function createWordWriter(options: SegmenterOptions): WordWriter {
  const segment = createWordSegmenter(options);
  if (options.dropout !== undefined && options.dropout > 0) {
    return (bytes, from, to, _, output) => segment(bytes, from, to, output);
  }
  const known = new KnownWords(segment);
  return (bytes, from, to, hash, output) => known.write(bytes, from, to, hash, output);
}

/** The initial capacity of the cache, enough for the words of most texts. */
const INITIAL_WORDS = 1 << 15;

/** Limits on memory; a text of a million sentences has fewer words. */
const MAX_WORDS = 1 << 18;
const MAX_BYTES = 1 << 25;

/** A cache of words and their subwords. */
class KnownWords {
  readonly #segment: WordSegmenter;
  #words = new TokenTable(INITIAL_WORDS);
  /** The subwords of all words, and the end of those of each word. */
  readonly #subwords = new ByteOutput(32 * INITIAL_WORDS);
  #ends = new Int32Array(INITIAL_WORDS);

  constructor(segment: WordSegmenter) {
    this.#segment = segment;
  }

  /** Writes the subwords of the word `bytes[from, to)`. */
  write(bytes: Buffer, from: number, to: number, hash: number, output: ByteOutput): void {
    let word = this.#words.find(bytes, from, to, hash);
    if (word < 0) word = this.#learn(bytes, from, to, hash);
    output.copyOf(this.#subwords, word === 0 ? 0 : this.#ends[word - 1]!, this.#ends[word]!);
  }

  #learn(bytes: Buffer, from: number, to: number, hash: number): number {
    if (this.#words.size === MAX_WORDS || this.#subwords.length > MAX_BYTES) {
      this.#words = new TokenTable(INITIAL_WORDS);
      this.#subwords.clear();
    }
    const word = this.#words.add(bytes, from, to, hash);
    this.#segment(bytes, from, to, this.#subwords);
    if (word === this.#ends.length) {
      const larger = new Int32Array(2 * word);
      larger.set(this.#ends);
      this.#ends = larger;
    }
    this.#ends[word] = this.#subwords.length;
    return word;
  }
}
