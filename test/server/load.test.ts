import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadTranslatorEngine, type TranslatorEngine } from '../../src/inference/translator-engine.js';
import { createServer } from '../../src/server/create-server.js';
import { listen } from '../../src/server/listen.js';
import { saveReferenceCheckpoint } from '../helpers/reference-checkpoint.js';
import { goldenData, referenceTask } from '../helpers/reference-model.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const folder = temporaryFolder();
let engine: TranslatorEngine;
let server: FastifyInstance;
let port: number;

beforeAll(async () => {
  const path = saveReferenceCheckpoint(join(folder, 'trained'), 'trained');
  engine = await loadTranslatorEngine({ path, data: goldenData, threads: 1, beam: 2, maxTokens: 500, maxLenB: 5 });
  server = await createServer({
    models: [{ name: 'model', translator: engine }],
    limits: { requestCharacters: 1000, queueCharacters: 1_000_000, seconds: 100 },
    ...{ token: null, corsOrigin: null, version: 'test' },
  });
  await listen(server, '127.0.0.1', 0);
  port = (server.server.address() as AddressInfo).port;
});

afterAll(async () => {
  await server.close();
  await engine.dispose();
});

/** Texts of two words, all different. */
const texts = ((): string[] => {
  const task = referenceTask();
  const split = task.loadSplit('test');
  const lines = Array.from({ length: split.length }, (_, id) => task.sourceDictionary.string(split.pair(id).source));
  const words = [...new Set(lines.join(' ').split(' '))].filter((word) => /^\p{L}+$/u.test(word));
  return words.flatMap((first) => words.map((second) => `${first} ${second}`));
})();

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Posts a text to /translate. */
async function post(agent: Agent, text: string): Promise<Answer> {
  const headers = { 'content-type': 'application/json' };
  const sent = request({ agent, port, path: '/translate', method: 'POST', headers }).end(JSON.stringify({ text }));
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: response.statusCode!, body: await textOf(response) };
}

it('a thousand requests at the same time all get an answer, each to its own text', async () => {
  const asked = texts.slice(0, 1000);
  const expected = await engine.translateTexts(asked);
  const agent = new Agent({ keepAlive: true, maxSockets: asked.length });
  const answers = await Promise.all(asked.map((text) => post(agent, text)));
  agent.destroy();
  const found = answers.map(({ status, body }) => {
    const { translations } = JSON.parse(body) as { translations: { text: string; sentences: { source: string }[] }[] };
    const [{ text, sentences }] = translations as [(typeof translations)[0]];
    return { status, text, sources: sentences.map(({ source }) => source) };
  });
  expect(found).toEqual(
    asked.map((source, index) => ({ status: 200, text: expected[index]!.text, sources: [source] })),
  );
});

/** The bytes that objects of this process occupy. */
function liveBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

/** What a request may leave behind, in bytes; an object that is kept takes more. */
const MOST_LEFT = 200;

it('memory does not grow with requests', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 20 });
  const sizeAfter = async (count: number): Promise<number> => {
    for (let sent = 0; sent < count; sent += 100) {
      await Promise.all(texts.slice(sent, sent + 100).map((text) => post(agent, text)));
    }
    return liveBytes();
  };
  await sizeAfter(600); // compilers and caches
  const [STRETCHES, REQUESTS] = [8, 400];
  /** The smallest of several sizes, because they rise and fall in turns of about 2,000 requests. */
  const size = async (): Promise<number> => {
    const sizes: number[] = [];
    while (sizes.length < STRETCHES) sizes.push(await sizeAfter(REQUESTS));
    return Math.min(...sizes);
  };
  const before = await size();
  const growth = (await size()) - before;
  agent.destroy();
  expect(growth / (STRETCHES * REQUESTS)).toBeLessThan(MOST_LEFT);
}, 600_000);
