import { startWordLoops } from './word-loops.js';

/** The number of integers per entry, and the index of the count. */
const ENTRY = 4;
const COUNT = 3;

/** Counts the words of blocks of lines, each terminated by `\n`, in WebAssembly. */
export class WordCounter {
  readonly #loops = startWordLoops(0);
  readonly #bytes = Buffer.from(this.#loops.memory.buffer);

  /** @param take called with words and counts in the order of first occurrence; a word may be passed repeatedly */
  constructor(private readonly take: (word: string, count: number) => void) {}

  /** Counts the words of a block. @returns false if the block is too large and was not counted */
  add(block: Buffer): boolean {
    const { INPUT, INPUT_SIZE } = this.#loops;
    if (block.length > INPUT_SIZE.value) return false;
    block.copy(this.#bytes, INPUT.value);
    let counted = this.#loops.count(0, block.length);
    while (counted < block.length) {
      this.flush();
      counted = this.#loops.count(counted, block.length);
    }
    return true;
  }

  /** Passes on the words counted since the last flush. */
  flush(): void {
    const { ENTRIES, TEXTS, memory } = this.#loops;
    const known = this.#loops.known();
    const words = this.#bytes.toString('utf8', TEXTS.value, this.#loops.textsEnd()).split('\n');
    const entries = new Uint32Array(memory.buffer, ENTRIES.value);
    for (let word = 0; word < known; word += 1) this.take(words[word]!, entries[ENTRY * (word + 1) + COUNT]!);
    this.#loops.forget();
  }
}
