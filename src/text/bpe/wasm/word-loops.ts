import { MODULE } from './module.js';

/** The parts of WebAssembly in use; Node's types lack it. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

/** A number exported by a module. */
interface Constant {
  readonly value: number;
}

/** The exports of segment.as.ts, which documents them. */
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
 * Instantiates the module with its own memory.
 *
 * @param pairsBytes the number of bytes from `PAIRS` on
 * @param symbolOf returns the symbol of a character, never 0; `final` is 1 at the end of a word if that is part of its
 *   last symbol
 */
export function startWordLoops(
  pairsBytes: number,
  symbolOf: (character: number, final: number) => number = () => -1,
): WordLoops {
  const module = new WebAssembly.Module(Buffer.from(MODULE, 'base64'));
  const loops = new WebAssembly.Instance(module, { host: { symbolOf } }).exports as WordLoops;
  loops.memory.grow(Math.ceil((loops.PAIRS.value + pairsBytes) / PAGE_BYTES));
  return loops;
}
