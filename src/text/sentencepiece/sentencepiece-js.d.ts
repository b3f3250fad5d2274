/** The parts of sentencepiece-js 1.1.0 in use; the package brings no types. */
declare module 'sentencepiece-js' {
  export class SentencePieceProcessor {
    /** What the WebAssembly module exports of the C++ class; calls with a view are made by the methods below. */
    readonly processor: { delete(): void };
    load(path: string): Promise<void>;
    encodeIds(text: string): number[];
    encodePieces(text: string): string[];
    decodeIds(ids: readonly number[]): string;
  }
}
