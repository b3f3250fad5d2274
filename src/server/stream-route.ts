import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { createSentenceSplitter } from '../text/sentences.js';
import type { Admission } from './admission.js';
import { goneSignal } from './gone-signal.js';
import { parseBody, streamRequest, streamSchema } from './schemas.js';
import type { ServedModels } from './served-models.js';
import { answeredSentence } from './translate-route.js';

/**
 * Adds `POST /translate/stream`, which sends the parts of a text as they become ready, in order: as server-sent events if the
 * client accepts them, otherwise as lines of JSON.
 */
export function addStreamRoute(server: FastifyInstance, models: ServedModels, admission: Admission): void {
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
    const parts = splitters.get(translator)!(text);
    const gone = goneSignal(reply);
    const answers = await new Promise<AsyncIterable<object>>((resolve, reject) => {
      void admission
        .run({ characters: text.length }, gone, async (signal) => {
          const pending = parts.map(async (part) =>
            part.kind === 'between' ? null : (await translator.translateTexts([part.text], { signal, nbest }))[0]!,
          );
          async function* inOrder(): AsyncGenerator<object> {
            for (const [index, part] of parts.entries()) {
              const translation = await pending[index]!;
              if (translation === null) yield { text: part.text };
              else {
                for (const sentence of translation.sentences) yield answeredSentence(sentence, nbest);
              }
            }
          }
          resolve(inOrder());
          await Promise.all(pending);
        })
        .catch(reject);
    });
    reply.header('content-type', asEvents ? 'text/event-stream' : 'application/x-ndjson');
    reply.header('x-model', name);
    async function* lines(): AsyncGenerator<string> {
      for await (const answer of answers) yield format(answer);
    }
    return reply.send(Readable.from(lines()));
  });
}
