import { closeSync, openSync, readSync } from 'node:fs';
import { SentencePieceProcessor as WasmProcessor } from 'sentencepiece-js';
import { UserError } from '../../errors.js';
import { attempt } from '../file-errors.js';

/** A SentencePiece model: text to pieces or ids, and ids to text, by the npm package `sentencepiece-js`. */
export class SentencePiece {
  private constructor(private readonly processor: WasmProcessor) {}

  /** @throws UserError if the file cannot be read or is not a SentencePiece model */
  static async load(path: string): Promise<SentencePiece> {
    attempt(path, 'read', () => {
      const handle = openSync(path, 'r');
      try {
        readSync(handle, Buffer.alloc(1));
      } finally {
        closeSync(handle);
      }
    });
    const processor = new WasmProcessor();
    await withoutNewHandlers(() => processor.load(path));
    // The package ignores the status of loading; a processor without a model encodes everything as nothing.
    if (processor.encodePieces('a').length === 0) {
      throw new UserError(`${path} is not a SentencePiece model`, 'name the .model file that the training wrote');
    }
    return new SentencePiece(processor);
  }

  encodePieces(text: string): string[] {
    return this.processor.encodePieces(text);
  }

  encodeIds(text: string): number[] {
    return this.processor.encodeIds(text);
  }

  decodeIds(ids: readonly number[]): string {
    return this.processor.decodeIds(ids);
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
