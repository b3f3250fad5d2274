import { startWordLoops } from './word-loops.js';

/** Numbers of an entry, and which of them is the count. */
const ENTRY = 4;
const COUNT = 3;

/** Counts words of blocks of lines, each ended by `\n`, in WebAssembly. */
export class WordCounter {
  readonly #loops = startWordLoops(0);
  readonly #bytes = Buffer.from(this.#loops.memory.buffer);

  /** @param take is given every word with its count, in the order of first occurrence; a word comes again by and by */
  constructor(private readonly take: (word: string, count: number) => void) {}

  /** @returns false where the block is too large, and not counted */
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

  /** Gives what was counted since the last time. */
  flush(): void {
    const { ENTRIES, TEXTS, memory } = this.#loops;
    const known = this.#loops.known();
    const words = this.#bytes.toString('utf8', TEXTS.value, this.#loops.textsEnd()).split('\n');
    const entries = new Uint32Array(memory.buffer, ENTRIES.value);
    for (let word = 0; word < known; word += 1) this.take(words[word]!, entries[ENTRY * (word + 1) + COUNT]!);
    this.#loops.forget();
  }
}
