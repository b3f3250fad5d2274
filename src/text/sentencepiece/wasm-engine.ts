import type { SentencePieceProcessor as WasmProcessor } from 'sentencepiece-js';
import { UserError } from '../../errors.js';
import type { Engine } from './engine.js';

/** A piece that no vocabulary contains, so that its id is that of the unknown piece. */
const NO_PIECE = '\u0000no such piece';
const UNKNOWN_PIECE = '<unk>';

/**
 * Loads a model with the npm package `sentencepiece-js`.
 * @param path a file that `checkModel` has accepted: the package checks no bounds
 * @throws UserError if the package does not load the file
 */
export async function loadWasmEngine(path: string): Promise<Engine> {
  const { SentencePieceProcessor } = await import('sentencepiece-js'); // slow to load, and not needed with the add-on
  const wasm = new SentencePieceProcessor();
  await withoutNewHandlers(() => wasm.load(path));
  // The package ignores the status of loading; a processor without a model encodes every text as no pieces.
  if (wasm.encodePieces('a').length === 0) {
    throw new UserError(
      `${path} is not a SentencePiece model that sentencepiece-js loads`,
      'name the .model file that the training wrote, or copy it again if it is damaged',
    );
  }
  return new WasmEngine(wasm);
}

class WasmEngine implements Engine {
  readonly #wasm: WasmProcessor;
  readonly #unknown: number;

  constructor(wasm: WasmProcessor) {
    this.#wasm = wasm;
    this.#unknown = this.#idOf(NO_PIECE);
  }

  encodePieces(text: string): string[] {
    return this.#wasm.encodePieces(text);
  }

  encodeIds(text: string): number[] {
    return this.#wasm.encodeIds(text);
  }

  encodeLine(text: string): string {
    return this.encodePieces(text).join(' ');
  }

  decodeLine(pieces: string): string {
    return this.decodePieces(pieces.split(' ').filter((piece) => piece !== ''));
  }

  decodeIds(ids: readonly number[]): string {
    const text = this.#wasm.decodeIds(ids);
    // The package decodes a list that contains an invalid id as ''. The unknown piece always has a text.
    if (text === '' && ids.length > 0 && this.#wasm.decodeIds([this.#unknown, ...ids]) === '') {
      const wrong = ids.find((id) => this.#wasm.decodeIds([this.#unknown, id]) === '');
      throw new UserError(
        `the id ${wrong} is not in the vocabulary`,
        'decode with the model that the text was encoded with',
      );
    }
    return text;
  }

  /** The package decodes only ids, so unknown pieces are inserted unchanged between the decoded parts. */
  decodePieces(pieces: readonly string[]): string {
    const ids = pieces.map((piece) => this.#idOf(piece));
    const unknownText = this.#wasm.decodeIds([this.#unknown]);
    let text = '';
    let start = 0;
    for (let index = 0; index <= ids.length; index += 1) {
      const isUnknown = ids[index] === this.#unknown && pieces[index] !== UNKNOWN_PIECE;
      if (index < ids.length && !isUnknown) continue;
      // Decoding drops a space at the start of a text, but not after the text of the unknown piece.
      const context = start === 0 ? [] : [this.#unknown];
      const part = this.#wasm.decodeIds([...context, ...ids.slice(start, index)]);
      text += part.slice(start === 0 ? 0 : unknownText.length) + (pieces[index] ?? '');
      start = index + 1;
    }
    return text;
  }

  #idOf(piece: string): number {
    const text = new this.#wasm.sentencepiece.StringView(piece);
    const view = text.getView();
    try {
      return this.#wasm.processor.PieceToId(view);
    } finally {
      view.delete();
      text.delete();
    }
  }
}

/** Removes the process-wide error handlers that Emscripten's start-up code adds; the command line has its own. */
async function withoutNewHandlers(operation: () => Promise<void>): Promise<void> {
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = events.map((event) => new Set<unknown>(process.rawListeners(event)));
  await operation();
  for (const [index, event] of events.entries()) {
    for (const listener of process.rawListeners(event)) {
      if (!before[index]!.has(listener)) process.removeListener(event, listener as () => void);
    }
  }
}
