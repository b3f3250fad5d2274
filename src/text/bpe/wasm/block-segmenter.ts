import type { BpeCodes } from '../codes.js';
import { MergeTable } from '../merge-table.js';
import { MODULE } from './module.js';

/** Of Node's, whose types have none, as much as is used here. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

/** A number that a module exports. */
interface Constant {
  readonly value: number;
}

/** What segment.as.ts exports. */
interface Segmenter {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  readonly INPUT: Constant;
  readonly INPUT_SIZE: Constant;
  readonly OUTPUT: Constant;
  readonly OUTPUT_SIZE: Constant;
  readonly SEPARATOR: Constant;
  readonly SEPARATOR_SIZE: Constant;
  readonly PAIRS: Constant;
  open(mask: number, separatorSize: number, marksLast: boolean): void;
  segment(size: number): number;
}

const PAGE_BYTES = 1 << 16;

/**
 * Segments blocks of lines in WebAssembly, as `createBpeBlockSegmenter` does with the codes alone.
 *
 * @returns a function from a block to its subwords, valid until the next call, or to null where it is too large
 */
export function createWasmBlockSegmenter(codes: BpeCodes, separator: string): (block: Buffer) => Buffer | null {
  const table = new MergeTable(codes);
  const module = new WebAssembly.Module(Buffer.from(MODULE, 'base64'));
  const symbolOf = (character: number, final: number): number => table.characterId(character, final !== 0);
  const instance = new WebAssembly.Instance(module, { host: { symbolOf } });
  const segmenter = instance.exports as Segmenter;
  const { memory, INPUT, OUTPUT, PAIRS, SEPARATOR } = segmenter;
  const merged = PAIRS.value + table.pairs.byteLength;
  memory.grow(Math.ceil((merged + table.merged.byteLength) / PAGE_BYTES));
  new Int32Array(memory.buffer, PAIRS.value).set(table.pairs);
  new Int32Array(memory.buffer, merged).set(table.merged);
  const bytes = Buffer.from(memory.buffer);
  const between = Buffer.from(`${separator} `);
  const fits = between.copy(bytes, SEPARATOR.value, 0, segmenter.SEPARATOR_SIZE.value) === between.length;
  const most = Math.min(segmenter.INPUT_SIZE.value, segmenter.OUTPUT_SIZE.value / (1 + between.length));
  segmenter.open(table.mask, between.length, table.marksLast);
  return (block) => {
    if (!fits || block.length > most) return null;
    block.copy(bytes, INPUT.value);
    return bytes.subarray(OUTPUT.value, OUTPUT.value + segmenter.segment(block.length));
  };
}
