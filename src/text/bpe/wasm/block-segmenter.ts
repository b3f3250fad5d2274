import type { BpeCodes } from '../codes.js';
import { MergeTable } from '../merge-table.js';
import { startWordLoops } from './word-loops.js';

/**
 * Segments blocks of lines in WebAssembly, like `createBpeBlockSegmenter` without further options.
 *
 * @returns a function from a block to its subwords, valid until the next call, or to null if the block is too large
 */
export function createWasmBlockSegmenter(codes: BpeCodes, separator: string): (block: Buffer) => Buffer | null {
  const table = new MergeTable(codes);
  const { pairs, merged } = table;
  const loops = startWordLoops(pairs.byteLength + merged.byteLength, (character, final) =>
    table.characterId(character, final !== 0),
  );
  const { memory, INPUT, OUTPUT, PAIRS, SEPARATOR } = loops;
  new Int32Array(memory.buffer, PAIRS.value).set(pairs);
  new Int32Array(memory.buffer, PAIRS.value + pairs.byteLength).set(merged);
  const bytes = Buffer.from(memory.buffer);
  const between = Buffer.from(`${separator} `);
  const fits = between.copy(bytes, SEPARATOR.value, 0, loops.SEPARATOR_SIZE.value) === between.length;
  const most = Math.min(loops.INPUT_SIZE.value, loops.OUTPUT_SIZE.value / (1 + between.length));
  loops.open(table.mask, between.length, table.marksLast);
  return (block) => {
    if (!fits || block.length > most) return null;
    block.copy(bytes, INPUT.value);
    return bytes.subarray(OUTPUT.value, OUTPUT.value + loops.segment(block.length));
  };
}
