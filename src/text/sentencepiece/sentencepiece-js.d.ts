/** The parts of sentencepiece-js 1.1.0 in use; the package has no types. */
declare module 'sentencepiece-js' {
  interface View {
    delete(): void;
  }
  export class SentencePieceProcessor {
    /** The WebAssembly module. Objects that it creates must be deleted. */
    readonly sentencepiece: { readonly StringView: new (text: string) => View & { getView(): View } };
    /** The C++ class of one model. */
    readonly processor: { PieceToId(piece: View): number };
    load(path: string): Promise<void>;
    encodeIds(text: string): number[];
    encodePieces(text: string): string[];
    decodeIds(ids: readonly number[]): string;
  }
}
