import type { SentencePieceProcessor as WasmProcessor } from 'sentencepiece-js';
import { UserError } from '../../errors.js';
import type { Engine } from './engine.js';

/** A piece that no vocabulary has: its id is that of the unknown piece. */
const NO_PIECE = '\u0000no such piece';
const UNKNOWN_PIECE = '<unk>';

/**
 * A model in the npm package `sentencepiece-js`.
 * @param path of a file that `checkModel` found sound: the package looks at no bounds
 * @throws UserError if the package does not load it
 */
export async function loadWasmEngine(path: string): Promise<Engine> {
  const { SentencePieceProcessor } = await import('sentencepiece-js'); // slow to load, and the add-on does without
  const wasm = new SentencePieceProcessor();
  await withoutNewHandlers(() => wasm.load(path));
  // The package ignores the status of loading; a processor without a model encodes everything as nothing.
  if (wasm.encodePieces('a').length === 0) {
    throw new UserError(
      `${path} is not a SentencePiece model that sentencepiece-js loads`,
      'name the .model file that the training wrote, or copy it again where it is damaged',
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
    // Of a list with an id that it does not have the package makes nothing; the unknown piece always has a text.
    if (text === '' && ids.length > 0 && this.#wasm.decodeIds([this.#unknown, ...ids]) === '') {
      const wrong = ids.find((id) => this.#wasm.decodeIds([this.#unknown, id]) === '');
      throw new UserError(`the id ${wrong} is not in the vocabulary`, 'decode with the model that encoded');
    }
    return text;
  }

  /** The package decodes ids only: unknown pieces stand as they are between what it makes of the others. */
  decodePieces(pieces: readonly string[]): string {
    const ids = pieces.map((piece) => this.#idOf(piece));
    const sign = this.#wasm.decodeIds([this.#unknown]);
    let text = '';
    let start = 0;
    for (let index = 0; index <= ids.length; index += 1) {
      const isUnknown = ids[index] === this.#unknown && pieces[index] !== UNKNOWN_PIECE;
      if (index < ids.length && !isUnknown) continue;
      // At the start of a text a space is left out: behind the sign of the unknown piece it is not.
      const context = start === 0 ? [] : [this.#unknown];
      const part = this.#wasm.decodeIds([...context, ...ids.slice(start, index)]);
      text += part.slice(start === 0 ? 0 : sign.length) + (pieces[index] ?? '');
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

/** Emscripten's start-up code adds process-wide error handlers; those of the command line have to stay the only ones. */
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
