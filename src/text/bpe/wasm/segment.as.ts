/**
 * AssemblyScript: the loops of `apply-bpe` and of word counting over a block of lines, with the table of known words.
 * They are not in JavaScript, because a text of 29,000 lines ends before V8 has compiled the same code. After a change,
 * run scripts/make-bpe-wasm.sh, which writes module.ts.
 *
 * To count words, the host writes blocks of lines, each terminated by a newline, to `INPUT` and calls `count`. To
 * segment, it writes the arrays of a MergeTable to `PAIRS` and calls `open`; then, for each block, it calls `segment`
 * and reads `OUTPUT`.
 */

/** The symbol of a character, within a word or (`final`) at its end; never 0. */
@external('host', 'symbolOf')
declare function symbolOf(character: i32, final: bool): i32;

/** Factor that spreads consecutive numbers over a table (Knuth's multiplicative hashing). */
const GOLDEN: i32 = <i32>0x9e3779b1;
const SPACE: u32 = 0x20;
const NEWLINE: u32 = 0x0a;
const NO_MERGE: i32 = i32.MAX_VALUE;
const NOT_LOOKED_UP: i32 = -1;

const CODE_POINTS: usize = 0x110000;
const MOST_WORDS: i32 = 1 << 18;
const MOST_TEXTS: usize = 1 << 24;
/** The maximum size of a block, and so of a word. */
const MOST_INPUT: usize = 1 << 19;
const MOST_OUTPUT: usize = 1 << 22;
/** Texts are read and written eight bytes at a time. */
const BEYOND_END: usize = 8;

// Memory layout. Pages that are never touched take no physical memory.
/** By code point: the symbols of a character within a word and at its end; 0 if not looked up yet. */
const INNER: usize = 0;
const FINAL: usize = INNER + 4 * CODE_POINTS;
/** The current word: its symbols, the rank of each with its right neighbour, and the end of the bytes of each. */
const SYMBOLS: usize = FINAL + 4 * CODE_POINTS;
const RANKS: usize = SYMBOLS + 4 * (MOST_INPUT + 1);
const ENDS: usize = RANKS + 4 * (MOST_INPUT + 1);
/** Entries of known words by hash, with open addressing, at most half full; 0 is free. */
const SLOTS: usize = ENDS + 4 * (MOST_INPUT + 1);
/**
 * Entries of known words, from 1. When segmenting: hash, start of the bytes, end of the bytes and start of the
 * subwords, end of the subwords. When counting: hash, start of the bytes, position of the newline after them, count.
 */
export const ENTRIES: usize = SLOTS + 8 * MOST_WORDS;
const ENTRY: usize = 16;
/** The known words with their subwords, or the counted words, each terminated by a newline. */
export const TEXTS: usize = ENTRIES + ENTRY * (MOST_WORDS + 1);
export const INPUT: usize = TEXTS + MOST_TEXTS + BEYOND_END;
export const INPUT_SIZE: usize = MOST_INPUT;
export const OUTPUT: usize = INPUT + MOST_INPUT + BEYOND_END;
export const OUTPUT_SIZE: usize = MOST_OUTPUT;
/** The text between two subwords. */
export const SEPARATOR: usize = OUTPUT + MOST_OUTPUT + BEYOND_END;
export const SEPARATOR_SIZE: usize = 256;
/**
 * A hash table of pairs (left, right, rank; a negative left is free), followed by the resulting symbol of each merge.
 */
export const PAIRS: usize = SEPARATOR + SEPARATOR_SIZE;

let pairMask: i32 = 0;
let merged: usize = 0;
let separatorSize: usize = 0;
let marksLast: bool = true;
let words: i32 = 0;
let wordMask: i32 = (1 << 16) - 1;
/** The start of the next text. */
let texts: usize = TEXTS;

/** @param marks whether the end of a word is part of its last symbol; otherwise it is the symbol 0 */
export function open(mask: i32, separator: usize, marks: bool): void {
  pairMask = mask;
  merged = PAIRS + 12 * (<usize>mask + 1);
  separatorSize = separator;
  marksLast = marks;
}

/** Segments `size` bytes. @returns the number of bytes written */
export function segment(size: usize): usize {
  const end = INPUT + size;
  let to = OUTPUT;
  let line = INPUT;
  for (let at = INPUT; at < end; ) {
    const start = at;
    let hash: i32 = 0;
    let byte: u32 = load<u8>(at);
    while (byte !== SPACE && byte !== NEWLINE) {
      hash = hash * 31 + byte;
      byte = load<u8>(++at);
    }
    if (at > start) {
      let entry = find(start, at, hash);
      if (entry === 0) entry = learn(start, at, hash);
      to = copy(load<u32>(entry, 8), load<u32>(entry, 12), to);
    }
    const space = at;
    while (byte === SPACE) byte = load<u8>(++at);
    // Spaces around the line stay; spaces between words become one.
    let spaces = space === line || byte === NEWLINE ? at - space : 1;
    for (; spaces > 0; spaces--) store<u8>(to++, SPACE);
    if (byte !== NEWLINE) continue;
    store<u8>(to++, NEWLINE);
    line = ++at;
  }
  return to - OUTPUT;
}

/** Copies the bytes `[from, end)`, and up to seven arbitrary bytes more. @returns the end of the copied bytes */
function copy(from: usize, end: usize, to: usize): usize {
  const last = to + (end - from);
  for (; to < last; to += 8, from += 8) store<u64>(to, load<u64>(from));
  return last;
}

/**
 * Counts the words in `INPUT[from, size)`, which are separated by spaces and newlines. If the table is full, the host
 * reads the counts, calls `forget` and continues.
 *
 * @returns the end of the bytes whose words were counted
 */
export function count(from: usize, size: usize): usize {
  const end = INPUT + size;
  for (let at = INPUT + from; at < end; at++) {
    const start = at;
    let hash: i32 = 0;
    for (let byte: u32 = load<u8>(at); byte !== SPACE && byte !== NEWLINE; byte = load<u8>(++at)) hash = hash * 31 + byte;
    if (at === start) continue;
    let entry = find(start, at, hash);
    if (entry === 0) {
      if (isFull(at - start + 1)) return start - INPUT;
      entry = add(start, at, hash);
      store<u8>(texts++, NEWLINE);
      store<u32>(entry, 0, 12);
    }
    store<u32>(entry, load<u32>(entry, 12) + 1, 12);
  }
  return size;
}

/** The number of known words. */
export function known(): i32 {
  return words;
}

/** The end of the texts of the known words. */
export function textsEnd(): usize {
  return texts;
}

/** The entry of the word at `[from, to)`, or 0 if it is not known. */
function find(from: usize, to: usize, hash: i32): usize {
  let slot = spread(hash);
  while (true) {
    const word: i32 = load<i32>(SLOTS + 4 * <usize>(slot & wordMask));
    if (word === 0) return 0;
    const entry = ENTRIES + ENTRY * <usize>word;
    if (load<i32>(entry) === hash && isSame(load<u32>(entry, 4), load<u32>(entry, 8), from, to)) return entry;
    slot++;
  }
}

function isSame(known: usize, end: usize, from: usize, to: usize): bool {
  let left = to - from;
  if (end - known !== left) return false;
  for (; left > 8; left -= 8, known += 8, from += 8) if (load<u64>(known) !== load<u64>(from)) return false;
  return ((load<u64>(known) ^ load<u64>(from)) << (64 - 8 * left)) === 0;
}

/** The slot where a search starts, from the high bits of a product, which depend on all bits of the hash. */
function spread(hash: i32): i32 {
  return (hash * GOLDEN) >>> 7;
}

function learn(from: usize, to: usize, hash: i32): usize {
  if (isFull((to - from) * (2 + separatorSize))) forget();
  const entry = add(from, to, hash);
  texts = writeSubwords(from, to, texts);
  store<u32>(entry, texts, 12);
  return entry;
}

/** Whether there is no room for another word with `size` bytes of text. */
function isFull(size: usize): bool {
  return words === MOST_WORDS || texts + size > TEXTS + MOST_TEXTS;
}

/** Adds an entry for a word, without its subwords or count. */
function add(from: usize, to: usize, hash: i32): usize {
  if (2 * words > wordMask) grow();
  words++;
  const entry = ENTRIES + ENTRY * <usize>words;
  store<i32>(entry, hash);
  store<u32>(entry, texts, 4);
  texts = copy(from, to, texts);
  store<u32>(entry, texts, 8);
  place(words);
  return entry;
}

export function forget(): void {
  memory.fill(SLOTS, 0, 4 * (<usize>wordMask + 1));
  words = 0;
  texts = TEXTS;
}

function grow(): void {
  wordMask = 2 * wordMask + 1;
  memory.fill(SLOTS, 0, 4 * (<usize>wordMask + 1));
  for (let word = 1; word <= words; word++) place(word);
}

function place(word: i32): void {
  let slot = spread(load<i32>(ENTRIES + ENTRY * <usize>word));
  while (load<i32>(SLOTS + 4 * <usize>(slot & wordMask)) !== 0) slot++;
  store<i32>(SLOTS + 4 * <usize>(slot & wordMask), word);
}

function writeSubwords(from: usize, end: usize, target: usize): usize {
  const count = merge(from, end);
  let start = from;
  let to = target;
  for (let at: usize = 0; at < count && start < end; at++) {
    if (at > 0) to = copy(SEPARATOR, SEPARATOR + separatorSize, to);
    const last: usize = load<u32>(ENDS + 4 * at);
    to = copy(start, last, to);
    start = last;
  }
  return to;
}

/** Applies the merge of lowest rank at all its positions, until no merge applies. @returns the number of symbols */
function merge(from: usize, to: usize): usize {
  let count = fill(from, to);
  if (count === 1 || (!marksLast && count === 2)) return 1; // a character stays
  while (true) {
    let lowest = NO_MERGE;
    let first: usize = 0;
    for (let at: usize = 0; at + 1 < count; at++) {
      let rank: i32 = load<i32>(RANKS + 4 * at);
      if (rank === NOT_LOOKED_UP) {
        rank = rankOf(load<i32>(SYMBOLS + 4 * at), load<i32>(SYMBOLS + 4 * at, 4));
        store<i32>(RANKS + 4 * at, rank);
      }
      if (rank < lowest) {
        lowest = rank;
        first = at;
      }
    }
    if (lowest === NO_MERGE) return count;
    count = mergePlaces(lowest, first, count);
  }
}

/** Merges the positions of this rank from the left, starting at `first`. */
function mergePlaces(rank: i32, first: usize, count: usize): usize {
  const symbol: i32 = load<i32>(merged + 4 * <usize>rank);
  let kept = first;
  for (let at = first; at < count; at++, kept++) {
    if (load<i32>(RANKS + 4 * at) === rank) {
      at++;
      store<i32>(SYMBOLS + 4 * kept, symbol);
      store<i32>(RANKS + 4 * kept, NOT_LOOKED_UP);
      if (kept > 0) store<i32>(RANKS + 4 * (kept - 1), NOT_LOOKED_UP);
    } else {
      store<i32>(SYMBOLS + 4 * kept, load<i32>(SYMBOLS + 4 * at));
      store<i32>(RANKS + 4 * kept, load<i32>(RANKS + 4 * at));
    }
    store<u32>(ENDS + 4 * kept, load<u32>(ENDS + 4 * at));
  }
  return kept;
}

function rankOf(left: i32, right: i32): i32 {
  let slot = (((left * GOLDEN) ^ right) * GOLDEN) >>> 7;
  while (true) {
    const at = PAIRS + 12 * <usize>(slot & pairMask);
    const held: i32 = load<i32>(at);
    if (held < 0) return NO_MERGE;
    if (held === left && load<i32>(at, 4) === right) return load<i32>(at, 8);
    slot++;
  }
}

/** Writes the symbols of a UTF-8 word. @returns the number of symbols */
function fill(from: usize, to: usize): usize {
  let count: usize = 0;
  for (let at = from; at < to; count++) {
    const byte: i32 = load<u8>(at);
    const size: usize = byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    let character = size === 1 ? byte : byte & (0xff >> (<i32>size + 1));
    for (let next: usize = 1; next < size; next++) character = (character << 6) | (load<u8>(at + next) & 0x3f);
    at += size;
    const final = marksLast && at === to;
    const place = (final ? FINAL : INNER) + 4 * <usize>character;
    let symbol: i32 = load<i32>(place);
    if (symbol === 0) {
      symbol = symbolOf(character, final);
      store<i32>(place, symbol);
    }
    set(count, symbol, at);
  }
  if (!marksLast) set(count++, 0, to);
  return count;
}

function set(at: usize, symbol: i32, end: usize): void {
  store<i32>(SYMBOLS + 4 * at, symbol);
  store<i32>(RANKS + 4 * at, NOT_LOOKED_UP);
  store<u32>(ENDS + 4 * at, end);
}
