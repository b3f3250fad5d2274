/** The part of sentencepiece-js 1.1.0 in use; the package brings no types. */
declare module 'sentencepiece-js' {
  export class SentencePieceProcessor {
    load(path: string): Promise<void>;
    encodePieces(text: string): string[];
  }
}
