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

/** What segment.as.ts exports, and says of it. */
export interface WordLoops {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  readonly ENTRIES: Constant;
  readonly TEXTS: Constant;
  readonly INPUT: Constant;
  readonly INPUT_SIZE: Constant;
  readonly OUTPUT: Constant;
  readonly OUTPUT_SIZE: Constant;
  readonly SEPARATOR: Constant;
  readonly SEPARATOR_SIZE: Constant;
  readonly PAIRS: Constant;
  open(mask: number, separatorSize: number, marksLast: boolean): void;
  segment(size: number): number;
  count(from: number, size: number): number;
  known(): number;
  textsEnd(): number;
  forget(): void;
}

const PAGE_BYTES = 1 << 16;

/**
 * The module with memory of its own.
 *
 * @param behindPairs the bytes from `PAIRS` on
 * @param symbolOf the number of a character as a symbol, never 0; `final` is 1 at the end of a word that is marked there
 */
export function startWordLoops(
  behindPairs: number,
  symbolOf: (character: number, final: number) => number = () => -1,
): WordLoops {
  const module = new WebAssembly.Module(Buffer.from(MODULE, 'base64'));
  const loops = new WebAssembly.Instance(module, { host: { symbolOf } }).exports as WordLoops;
  loops.memory.grow(Math.ceil((loops.PAIRS.value + behindPairs) / PAGE_BYTES));
  return loops;
}
