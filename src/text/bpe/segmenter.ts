import { ByteOutput } from '../byte-output.js';
import { HASH_START, hashByte, TokenTable } from '../token-table.js';
import { createWordSegmenter, type SegmenterOptions, type WordSegmenter } from './word-segmenter.js';

export type { SegmenterOptions } from './word-segmenter.js';

/**
 * Segments text with BPE as subword-nmt's `apply-bpe` does; each distinct word is worked out once.
 *
 * @returns a function from a line of words to the line of their subwords; spaces round the line stay
 */
export function createBpeSegmenter(options: SegmenterOptions): (line: string) => string {
  const segmentLine = createLineSegmenter(options);
  const output = new ByteOutput(1 << 8);
  return (line) => {
    const bytes = Buffer.from(line);
    output.clear();
    segmentLine(bytes, 0, bytes.length, output);
    return output.view().toString();
  };
}

/** The same for a block of lines, each ended by `\n`; what is returned is valid until the next call. */
export function createBpeBlockSegmenter(options: SegmenterOptions): (block: Buffer) => Buffer {
  const segmentLine = createLineSegmenter(options);
  const output = new ByteOutput(1 << 17);
  return (block) => {
    output.clear();
    for (let from = 0; from < block.length; ) {
      const end = block.indexOf(NEWLINE, from);
      segmentLine(block, from, end, output);
      output.byte(NEWLINE);
      from = end + 1;
    }
    return output.view();
  };
}

const SPACE = 0x20;
const NEWLINE = 0x0a;

/** Writes the subwords of the line `bytes[from, to)`. */
type LineSegmenter = (bytes: Buffer, from: number, to: number, output: ByteOutput) => void;

function createLineSegmenter(options: SegmenterOptions): LineSegmenter {
  const segmentWord = createWordSegmenter(options);
  const varies = options.dropout !== undefined && options.dropout > 0;
  const known = new KnownWords(segmentWord);
  return (bytes, from, to, output) => {
    let at = from;
    for (; at < to && bytes[at] === SPACE; at++) output.byte(SPACE);
    let end = to;
    while (end > at && bytes[end - 1] === SPACE) end--;
    while (at < end) {
      const start = at;
      let hash = HASH_START;
      for (; at < end && bytes[at] !== SPACE; at++) hash = hashByte(hash, bytes[at]!);
      if (varies) segmentWord(bytes, start, at, output);
      else known.write(bytes, start, at, hash, output);
      if (at === end) break;
      output.byte(SPACE);
      while (bytes[at] === SPACE) at++;
    }
    output.copy(bytes, end, to);
  };
}

/** Room for the words of most texts. */
const FIRST_WORDS = 1 << 15;

/** Bound the memory; a text of a million sentences has fewer words. */
const MOST_WORDS = 1 << 18;
const MOST_BYTES = 1 << 25;

/** Words that were segmented, and what came out. */
class KnownWords {
  readonly #segment: WordSegmenter;
  #words = new TokenTable(FIRST_WORDS);
  /** The subwords of all words, and where those of each end. */
  readonly #subwords = new ByteOutput(32 * FIRST_WORDS);
  #ends = new Int32Array(FIRST_WORDS);

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
    if (this.#words.size === MOST_WORDS || this.#subwords.length > MOST_BYTES) {
      this.#words = new TokenTable(FIRST_WORDS);
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
