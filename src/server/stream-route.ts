import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { growingWindows } from '../inference/growing-windows.js';
import type { TextTranslation, TranslateTextOptions } from '../inference/translator.js';
import { createSentenceSplitter, type TextPart } from '../text/sentences.js';
import type { Admission } from './admission.js';
import { goneSignal } from './gone-signal.js';
import { parseBody, streamRequest, streamSchema } from './schemas.js';
import type { ServedModels, TextTranslator } from './served-models.js';
import { answeredSentence } from './translate-route.js';

/** The first window is small so that the first sentences are sent soon; each is a call that other requests can overtake. */
const WINDOWS = { first: 16, largest: 512, growth: 2 };

/**
 * Adds `POST /translate/stream`, which sends the parts of a text as they become ready, in order: as server-sent events if the
 * client accepts them, otherwise as lines of JSON.
 * @param logBreak called with an error after a part was sent; the connection is then closed
 */
export function addStreamRoute(
  server: FastifyInstance,
  models: ServedModels,
  admission: Admission,
  logBreak: (request: FastifyRequest, error: unknown) => void,
): void {
  const splitters = new Map(
    models.all.map(({ translator }) => [translator, createSentenceSplitter(translator.languages.source)]),
  );
  server.post('/translate/stream', { schema: streamSchema }, async (request, reply) => {
    const { text, nbest = 1, ...choice } = parseBody(streamRequest, request.body);
    const { name, translator } = models.choose(choice);
    const asEvents = request.headers.accept?.includes('text/event-stream') ?? false;
    const format = (part: object): string =>
      asEvents ? `data: ${JSON.stringify(part)}\n\n` : `${JSON.stringify(part)}\n`;
    request.characters = text.length;
    const gone = goneSignal(reply);
    const answers = await new Promise<AsyncIterable<object>>((resolve, reject) => {
      void admission
        .run({ characters: text.length }, gone, async (signal) => {
          const parts = splitters.get(translator)!(text);
          const pending = await translateWindows(translator, parts, { signal, nbest });
          resolve(inOrder(parts, pending, nbest));
          await Promise.all(pending);
        })
        .catch(reject);
    });
    reply.header('content-type', asEvents ? 'text/event-stream' : 'application/x-ndjson');
    reply.header('x-model', name);
    async function* lines(): AsyncGenerator<string> {
      try {
        for await (const answer of answers) yield format(answer);
      } catch (error) {
        if (reply.raw.headersSent) logBreak(request, error);
        throw error;
      }
    }
    return reply.send(Readable.from(lines()));
  });
}

/** Translates the sentences of a text, one window after the other. @returns the translations of each window */
async function translateWindows(
  translator: TextTranslator,
  parts: readonly TextPart[],
  options: TranslateTextOptions,
): Promise<Promise<TextTranslation[]>[]> {
  const sentences = parts.filter(({ kind }) => kind === 'sentence').map(({ text }) => text);
  const windows: string[][] = [];
  for await (const window of growingWindows(sentences, WINDOWS)) windows.push(window);
  let before: Promise<unknown> = Promise.resolve();
  return windows.map((window) => {
    const translated = before.then(() => translator.translateTexts(window, options));
    before = translated;
    return translated;
  });
}

/** The answers to the parts of a text, as they become ready. */
async function* inOrder(
  parts: readonly TextPart[],
  pending: readonly Promise<TextTranslation[]>[],
  nbest: number,
): AsyncGenerator<object> {
  const translations = flat(pending);
  for (const part of parts) {
    if (part.kind === 'between') yield { text: part.text };
    else {
      const { sentences } = (await translations.next()).value as TextTranslation;
      for (const sentence of sentences) yield answeredSentence(sentence, nbest);
    }
  }
}

async function* flat<T>(lists: readonly Promise<readonly T[]>[]): AsyncGenerator<T> {
  for (const list of lists) yield* await list;
}
