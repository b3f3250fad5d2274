/** The part of sentencepiece-js 1.1.0 that is used; the package has no types. */
declare module 'sentencepiece-js' {
  export class SentencePieceProcessor {
    load(path: string): Promise<void>;
    encodePieces(text: string): string[];
  }
}
