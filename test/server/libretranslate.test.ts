import type { FastifyInstance } from 'fastify';
import { libreTranslate } from 'libretranslate-ts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createServer } from '../../src/server/create-server.js';
import { FakeTranslator } from './fake-translator.js';

let server: FastifyInstance;
beforeAll(async () => {
  server = await createServer({
    models: [{ name: 'one', translator: new FakeTranslator() }],
    limits: { requestCharacters: 1000, queueCharacters: 2000, seconds: 5 },
    token: 'secret',
    corsOrigin: null,
    version: 'test',
  });
  libreTranslate.setApiEndpoint(await server.listen({ host: '127.0.0.1', port: 0 }));
});
afterAll(() => server.close());

it('the npm package libretranslate-ts translates through the server', async () => {
  expect(await libreTranslate.translate('hallo', 'de', 'en')).toMatchObject({
    status: 500, // the client's own, for every refusal
    error: 'the token is missing or wrong: send Authorization: Bearer TOKEN',
  });
  libreTranslate.setApiKey('secret');
  expect(await libreTranslate.translate('hallo', 'de', 'en', 2)).toMatchObject({
    status: 200,
    translatedText: 'HALLO',
    alternatives: ['HALLO 2', 'HALLO 3'],
  });
  expect(await libreTranslate.translate('hallo', 'de', 'fi')).toMatchObject({
    error: 'no model translates de-fi; there are de-en',
  });
});
