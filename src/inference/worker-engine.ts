import { Worker } from 'node:worker_threads';
import { InternalError, UserError } from '../errors.js';
import type { CallOptions } from './batch-scheduler.js';
import type { TextTranslation } from './text-translation.js';
import type { LineTranslation, TranslatorEngine } from './translator-engine.js';
import type { TranslatorMemory } from './translator-memory.js';
import type { TranslatorOptions } from './translator-options.js';
import type { EngineDescription, WorkerAnswer, WorkerReply, WorkerRequest, WorkerResult } from './worker-messages.js';

/** A call that has no result yet. */
interface PendingCall {
  readonly onProgress: CallOptions['onProgress'];
  resolve(answer: WorkerAnswer): void;
  reject(error: unknown): void;
}

/** A request without the number of its call. */
type Request = WorkerRequest extends infer R ? (R extends { readonly call: number } ? Omit<R, 'call'> : never) : never;

/** The thread in which the Translators of this process compute. It does not keep the process alive. */
class TranslationThread {
  static #current: TranslationThread | null = null;

  /** The thread of this process; starts one if there is none. */
  static current(): TranslationThread {
    TranslationThread.#current ??= new TranslationThread();
    return TranslationThread.#current;
  }

  readonly #worker = new Worker(new URL('./translation-worker.js', import.meta.url), {
    execArgv: [], // flags of the process, such as --input-type, need not fit the script
  });
  readonly #pending = new Map<number, PendingCall>();
  #calls = 0;
  #engines = 0;
  #failure: Error | null = null;

  private constructor() {
    this.#worker.unref();
    this.#worker.on('message', (reply: WorkerReply) => this.#receive(reply));
    this.#worker.on('error', (error) => this.#end(`has failed: ${error.message}`, error));
    this.#worker.on('exit', (code) => this.#end(`ended with code ${code}`));
  }

  /** Why the thread has ended; null while it runs. */
  get failure(): Error | null {
    return this.#failure;
  }

  /** The number of a new engine. */
  newEngine(): number {
    return this.#engines++;
  }

  /** Sends a request. @throws what the thread throws; a UserError stays a UserError */
  async call(request: Request, { signal, onProgress }: CallOptions = {}): Promise<WorkerAnswer> {
    signal?.throwIfAborted();
    if (this.#failure !== null) throw this.#failure; // an ended thread does not answer
    const call = this.#calls++;
    this.#send({ ...request, call });
    const cancel = (): void => {
      this.#send({ kind: 'cancel', call });
      this.#take(call)?.reject(signal!.reason);
    };
    const answer = new Promise<WorkerAnswer>((resolve, reject) => {
      this.#pending.set(call, { onProgress, resolve, reject });
    });
    if (this.#pending.size === 1) this.#worker.ref();
    signal?.addEventListener('abort', cancel);
    try {
      return await answer;
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  /** @throws UserError for a value that cannot be sent, e.g. a function */
  #send(request: WorkerRequest): void {
    try {
      this.#worker.postMessage(request);
    } catch (error) {
      if ((error as Error).name !== 'DataCloneError') throw error;
      const { message } = error as Error;
      throw new UserError(
        `a value cannot be sent to the thread that translates: ${message}`,
        'pass strings, numbers and booleans',
        {
          cause: error,
        },
      );
    }
  }

  #receive(reply: WorkerReply): void {
    if (reply.kind === 'progress') {
      this.#pending.get(reply.call)?.onProgress?.(reply.done, reply.total);
      return;
    }
    const call = this.#take(reply.call);
    if (reply.kind === 'result') call?.resolve(reply);
    else call?.reject(reply.kind === 'problem' ? new UserError(reply.problem, reply.remedy) : reply.error);
  }

  /** Ends the waiting for a call. @returns undefined if it was cancelled */
  #take(call: number): PendingCall | undefined {
    const pending = this.#pending.get(call);
    this.#pending.delete(call);
    if (this.#pending.size === 0) this.#worker.unref();
    return pending;
  }

  #end(reason: string, cause?: unknown): void {
    this.#failure ??= new InternalError(`the thread that translates ${reason}: its Translators must be loaded again`, {
      cause,
    });
    if (TranslationThread.#current === this) TranslationThread.#current = null;
    for (const { reject } of this.#pending.values()) reject(this.#failure);
    this.#pending.clear();
  }
}

/** Loads the engine of a Translator in the thread that translates. @throws UserError like `Translator.load` */
export async function loadWorkerEngine(options: TranslatorOptions): Promise<TranslatorEngine> {
  const thread = TranslationThread.current();
  const engine = thread.newEngine();
  let memory: TranslatorMemory;
  const call = async (request: Request, callOptions?: CallOptions): Promise<WorkerResult> => {
    const answer = await thread.call(request, callOptions);
    memory = answer.memory;
    return answer.result;
  };
  const description = (await call({ kind: 'load', engine, options })) as EngineDescription;
  return {
    ...description,
    get memory() {
      return { ...memory, process: process.memoryUsage.rss() };
    },
    translate: async (texts, callOptions) =>
      (await call({ kind: 'translate', engine, texts }, callOptions)) as LineTranslation[],
    async translateTexts(texts, { signal, onProgress, ...options } = {}) {
      const callOptions = { ...(signal && { signal }), ...(onProgress && { onProgress }) };
      return (await call({ kind: 'translateTexts', engine, texts, options }, callOptions)) as TextTranslation[];
    },
    get failure() {
      return thread.failure;
    },
    async dispose() {
      // A thread that has ended has freed its models.
      await call({ kind: 'dispose', engine }).catch((error: unknown) => {
        if (thread.failure === null) throw error;
      });
    },
  };
}
