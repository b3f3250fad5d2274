/** The thread in which Translators compute: `worker-engine.ts` starts it. */
import { parentPort } from 'node:worker_threads';
import { UserError } from '../errors.js';
import type { CallOptions } from './batch-scheduler.js';
import { loadTranslatorEngine, type TranslatorEngine } from './translator-engine.js';
import { memoryOf, type TranslatorMemory } from './translator-memory.js';
import type { TranslatorOptions } from './translator-options.js';
import type { WorkerReply, WorkerRequest, WorkerResult } from './worker-messages.js';

/** Models in memory, and the number of Translators that use them. */
interface SharedEngine {
  readonly key: string;
  readonly engine: Promise<TranslatorEngine>;
  users: number;
}

/** By the options of `Translator.load`: Translators with equal options share their models. */
const shared = new Map<string, SharedEngine>();
const engines = new Map<number, SharedEngine>();
const cancellations = new Map<number, AbortController>();

const reply = (message: WorkerReply): void => parentPort!.postMessage(message);

parentPort!.on('message', async (request: WorkerRequest) => {
  const { call } = request;
  if (request.kind === 'cancel') {
    cancellations.get(call)?.abort();
    return;
  }
  try {
    const result = await answer(request);
    reply({ kind: 'result', call, result, memory: await memoryAfter(request.engine) });
  } catch (error) {
    if (error instanceof UserError) reply({ kind: 'problem', call, problem: error.problem, remedy: error.remedy });
    else reply({ kind: 'error', call, error });
  } finally {
    cancellations.delete(call);
  }
});

/** The memory of an engine, or of none if it is disposed. */
async function memoryAfter(id: number): Promise<TranslatorMemory> {
  return (await engines.get(id)?.engine)?.memory ?? memoryOf([]);
}

async function answer(request: Exclude<WorkerRequest, { kind: 'cancel' }>): Promise<WorkerResult> {
  switch (request.kind) {
    case 'load':
      return load(request.engine, request.options);
    case 'dispose':
      return dispose(request.engine);
    case 'translate':
    case 'translateTexts': {
      const { call } = request;
      const cancellation = new AbortController();
      cancellations.set(call, cancellation);
      const engine = await engines.get(request.engine)!.engine;
      const callOptions: CallOptions = {
        signal: cancellation.signal,
        onProgress: (done, total) => {
          if (done < total) reply({ kind: 'progress', call, done, total }); // the result says that all is done
        },
      };
      if (request.kind === 'translate') return engine.translate(request.texts, callOptions);
      return engine.translateTexts(request.texts, { ...request.options, ...callOptions });
    }
  }
}

async function load(id: number, options: TranslatorOptions): Promise<WorkerResult> {
  const key = JSON.stringify(Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1)));
  const entry = shared.get(key) ?? { key, engine: loadTranslatorEngine(options, true), users: 0 };
  shared.set(key, entry);
  entry.users += 1;
  try {
    const { languages, device } = await entry.engine;
    engines.set(id, entry);
    return { languages, device };
  } catch (error) {
    shared.delete(key);
    throw error;
  }
}

async function dispose(id: number): Promise<null> {
  const entry = engines.get(id)!;
  engines.delete(id);
  entry.users -= 1;
  if (entry.users > 0) return null;
  shared.delete(entry.key);
  await (await entry.engine).dispose();
  return null;
}
