import type { TextOptions } from './text-options.js';
import type { TextTranslation } from './text-translation.js';
import type { LineTranslation, TranslatorEngine } from './translator-engine.js';
import type { TranslatorMemory } from './translator-memory.js';
import type { TranslatorOptions } from './translator-options.js';

/** A message to the thread that translates. `call` identifies a call, `engine` the models of a Translator. */
export type WorkerRequest =
  | { readonly kind: 'load'; readonly call: number; readonly engine: number; readonly options: TranslatorOptions }
  | { readonly kind: 'translate'; readonly call: number; readonly engine: number; readonly texts: readonly string[] }
  | {
      readonly kind: 'translateTexts';
      readonly call: number;
      readonly engine: number;
      readonly texts: readonly string[];
      readonly options: TextOptions;
    }
  | { readonly kind: 'cancel'; readonly call: number }
  | { readonly kind: 'dispose'; readonly call: number; readonly engine: number };

/** What a Translator knows of its engine. */
export type EngineDescription = Pick<TranslatorEngine, 'languages' | 'device'>;

/** The result of a call. */
export type WorkerResult = EngineDescription | LineTranslation[] | TextTranslation[] | null;

/** The result of a call, and the memory of its engine after the call. */
export interface WorkerAnswer {
  readonly result: WorkerResult;
  readonly memory: TranslatorMemory;
}

/** A message of the thread that translates. */
export type WorkerReply =
  | { readonly kind: 'progress'; readonly call: number; readonly done: number; readonly total: number }
  | ({ readonly kind: 'result'; readonly call: number } & WorkerAnswer)
  /** A UserError. Errors lose their class between threads, so its texts are sent. */
  | { readonly kind: 'problem'; readonly call: number; readonly problem: string; readonly remedy: string }
  | { readonly kind: 'error'; readonly call: number; readonly error: unknown };
