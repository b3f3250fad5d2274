import { Agent, request } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { InternalError } from '../../src/errors.js';
import { createServer, type RequestLine, type ServerOptions } from '../../src/server/create-server.js';
import { FakeTranslator } from './fake-translator.js';

const LIMITS = { requestCharacters: 1000, queueCharacters: 2000, seconds: 5 };
const servers: FastifyInstance[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function start(options: Partial<ServerOptions> = {}): Promise<FastifyInstance> {
  const server = await createServer({
    models: [
      { name: 'one', translator: new FakeTranslator() },
      { name: 'two', translator: new FakeTranslator({ source: 'fr', target: 'en' }) },
    ],
    limits: LIMITS,
    token: null,
    corsOrigin: null,
    version: 'test',
    ...options,
  });
  servers.push(server);
  return server;
}

async function answer(server: FastifyInstance, options: InjectOptions): Promise<{ status: number; body: unknown }> {
  const response = await server.inject(options);
  const isJson = String(response.headers['content-type']).startsWith('application/json');
  return { status: response.statusCode, body: isJson ? response.json() : response.body };
}

const post = (server: FastifyInstance, payload: object | string | Buffer, url = '/translate') =>
  answer(server, { method: 'POST', url, payload, headers: { 'content-type': 'application/json' } });

describe('POST /translate', () => {
  it('answers a text', async () => {
    expect(await post(await start(), { text: 'hallo', nbest: 2 })).toEqual({
      status: 200,
      body: {
        model: 'one',
        translations: [
          {
            text: 'HALLO',
            unknownRatio: 0,
            sentences: [
              {
                ...{ source: 'hallo', text: 'HALLO', score: 0, lost: [], unknownRatio: 0, problem: null },
                placeholders: 'none',
                ...{ tokens: ['HALLO', '</s>'], tokenScores: [0, 0] },
                nbest: [
                  { text: 'HALLO', score: 0 },
                  { text: 'HALLO 2', score: -1 },
                ],
              },
            ],
          },
        ],
      },
    });
  });

  it.each([
    ['by name', { model: 'two' }, 'two'],
    ['by source language', { source: 'fr' }, 'two'],
    ['by languages', { source: 'de', target: 'en' }, 'one'],
    ['the first otherwise', {}, 'one'],
  ])('chooses a model %s', async (_, choice, model) => {
    expect(await post(await start(), { text: ['a', ''], ...choice })).toMatchObject({
      status: 200,
      body: { model, translations: [{ text: 'A' }, { text: '' }] },
    });
  });

  it.each([
    ['one text', { q: 'a', source: 'de', target: 'en' }, { translatedText: 'A' }],
    ['several texts', { q: ['a', 'b'], source: 'fr', target: 'en' }, { translatedText: ['A', 'B'] }],
    [
      'alternatives',
      { q: 'a', source: 'de', target: 'en', alternatives: 1 },
      { translatedText: 'A', alternatives: ['A 2'] },
    ],
    [
      'an unknown source',
      { q: ['a'], source: 'auto', target: 'en' },
      { translatedText: ['A'], detectedLanguage: [{ confidence: 0, language: 'de' }] },
    ],
  ])('answers %s as LibreTranslate does', async (_, request, body) => {
    expect(await post(await start(), request)).toEqual({ status: 200, body });
  });

  it.each([
    ['the format', { text: 'a', format: 'markdown' }, { format: 'markdown' }],
    ['phrases', { text: 'a', phrases: ['b', 'c'] }, { phrases: ['b', 'c'] }],
    ['phrases for each text', { text: ['a', 'd'], phrases: [['b'], []] }, { phrases: [['b'], []] }],
    ["LibreTranslate's format", { q: 'a', source: 'de', target: 'en', format: 'html' }, { format: 'html' }],
    [
      "LibreTranslate's default",
      { q: 'a', source: 'de', target: 'en', format: 'text', phrases: ['b'] },
      { phrases: ['b'] },
    ],
  ])('translates with %s', async (_, request, options) => {
    const translator = new FakeTranslator();
    expect(await post(await start({ models: [{ name: 'one', translator }] }), request)).toMatchObject({ status: 200 });
    expect(translator.options).toEqual([options]);
  });

  it.each([
    ['one, without a number', { text: 'a' }, 1],
    ['those of a request of its own form', { text: 'a', nbest: 2 }, 2],
    ["LibreTranslate's alternatives and the best", { q: 'a', source: 'de', target: 'en', alternatives: 2 }, 3],
  ])('computes no more translations than a request wants: %s', async (_, request, wanted) => {
    const translator = new FakeTranslator();
    const server = await start({ models: [{ name: 'one', translator }] });
    expect(await post(server, request)).toMatchObject({ status: 200 });
    expect(translator.wanted).toEqual([wanted]);
  });

  it('takes a form, as the clients of LibreTranslate send it', async () => {
    expect(
      await answer(await start(), {
        method: 'POST',
        url: '/translate',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        payload: 'q=gr%C3%BC%C3%9Fe&source=de&target=en&alternatives=1',
      }),
    ).toEqual({ status: 200, body: { translatedText: 'GRÜSSE', alternatives: ['GRÜSSE 2'] } });
  });

  it.each([
    ['bytes', Buffer.from('q=f\xfcr&source=de&target=en', 'latin1')],
    ['escapes', 'q=f%FCr&source=de&target=en'],
  ])('refuses a form with %s that are not UTF-8', async (_, payload) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    expect(await answer(await start(), { method: 'POST', url: '/translate', headers, payload })).toEqual({
      status: 400,
      body: { error: 'the body is not valid UTF-8' },
    });
  });

  it('takes a form with several texts, blanks and signs', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' };
    const payload = 'q=a+b%2B100%25&q=c&source=de&target=en';
    expect(await answer(await start(), { method: 'POST', url: '/translate', headers, payload })).toEqual({
      status: 200,
      body: { translatedText: ['A B+100%', 'C'] },
    });
  });

  it.each<[string, object | string | Buffer, number, string]>([
    ['no JSON', '{"text":', 400, 'the body is not valid JSON'],
    ['no object', '[]', 400, 'text is missing; see /docs'],
    ['a string', '"x"', 400, 'the body is not an object; see /docs'],
    ['no text', {}, 400, 'text is missing; see /docs'],
    [
      'a text that is a number',
      { text: 3 },
      400,
      'text is wrong: it is neither a string nor a list of strings; see /docs',
    ],
    ['bytes that are not UTF-8', Buffer.from('{"text":"f\xfcr"}', 'latin1'), 400, 'the body is not valid UTF-8'],
    ['an unknown model', { text: 'a', model: 'oen' }, 400, "unknown model 'oen'; did you mean 'one'?"],
    ['unknown languages', { text: 'a', source: 'fi' }, 400, 'no model translates fi-auto; there are de-en, fr-en'],
    [
      'another format',
      { text: 'a', format: 'rtf' },
      400,
      'format is wrong: it is not plain, markdown, html; see /docs',
    ],
    [
      "another format of LibreTranslate's",
      { q: 'a', source: 'de', target: 'en', format: 'markdown' },
      400,
      'format is wrong: it is neither text nor html; see /docs',
    ],
    [
      'phrases that are no list',
      { text: 'a', phrases: 'b' },
      400,
      'phrases is wrong: it is neither a list of strings nor one for each text; see /docs',
    ],
    [
      'too many phrases',
      { text: 'a', phrases: Array.from({ length: 21 }, String) },
      400,
      'phrases is wrong: there are more than 20; see /docs',
    ],
    [
      'a text that is long for its phrases',
      { text: ['a'.repeat(501), ''], phrases: [[], ['b']] },
      413,
      'the text has 501 characters, which count 2 times because of its phrases, more than 1000',
    ],
    ['a long text', { text: 'a'.repeat(1001) }, 413, 'the text has 1001 characters, more than 1000'],
    ['a large body', { text: 'a'.repeat(30_000) }, 413, 'the body is too large'],
    ['a defect of the model', { text: 'fail' }, 500, 'the server has failed; its log says why'],
  ])('refuses %s', async (_, payload, status, error) => {
    expect(await post(await start(), payload)).toEqual({ status, body: { error } });
  });

  it('logs a defect, of which the client learns no more', async () => {
    const defects: unknown[] = [];
    await post(await start({ logDefect: (error) => defects.push(error) }), { text: 'fail' });
    await post(await start({ logDefect: (error) => defects.push(error) }), { text: 3 });
    expect(defects).toEqual([new TypeError('a defect')]);
  });

  it('refuses other types of bodies', async () => {
    const headers = { 'content-type': 'text/plain' };
    expect(await answer(await start(), { method: 'POST', url: '/translate', payload: 'x', headers })).toEqual({
      status: 415,
      body: { error: 'the body is neither JSON nor a form: send it with Content-Type: application/json' },
    });
  });
});

/** Posts JSON to /translate and waits for the end of the answer. */
const postOn = (agent: Agent, port: number, payload: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    request({ agent, port, path: '/translate', method: 'POST', headers }, (response) => {
      response.resume().on('end', resolve);
    })
      .on('error', reject)
      .end(payload);
  });

describe('limits', () => {
  it('more than the queue holds is refused with the time to wait', async () => {
    const server = await start({ models: [{ name: 'slow', translator: new FakeTranslator(undefined, 100) }] });
    const text = 'a'.repeat(900);
    const responses = await Promise.all(
      Array.from({ length: 3 }, () => server.inject({ method: 'POST', url: '/translate', payload: { text } })),
    );
    expect(responses.map(({ statusCode }) => statusCode)).toEqual([200, 200, 429]);
    expect(Number(responses[2]!.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(await post(server, { text })).toMatchObject({ status: 200 });
  });

  it('the time to wait is a whole number of seconds, at least one', async () => {
    const translator = new FakeTranslator(undefined, 100);
    const server = await start({ models: [{ name: 'slow', translator }], limits: { ...LIMITS, seconds: 0.5 } });
    const payload = { text: 'a'.repeat(900) };
    const send = () => server.inject({ method: 'POST', url: '/translate', payload });
    const responses = await Promise.all([send(), send(), send()]);
    expect(responses[2]!.headers['retry-after']).toBe('1');
  });

  it('a translation that takes too long is cancelled', async () => {
    const translator = new FakeTranslator(undefined, 10_000);
    const server = await start({ models: [{ name: 'slow', translator }], limits: { ...LIMITS, seconds: 0.05 } });
    expect(await post(server, { text: 'a' })).toEqual({
      status: 408,
      body: { error: 'the translation takes longer than 0.05 seconds' },
    });
    expect(translator.cancelled).toBe(1);
  });

  it('the work of a client that leaves is cancelled', async () => {
    const translator = new FakeTranslator(undefined, 10_000);
    const server = await start({ models: [{ name: 'slow', translator }] });
    const address = await server.listen({ host: '127.0.0.1', port: 0 });
    const controller = new AbortController();
    const request = fetch(`${address}/translate`, {
      method: 'POST',
      body: JSON.stringify({ text: 'a' }),
      headers: { 'content-type': 'application/json' },
      signal: controller.signal,
    });
    while (translator.started === 0) await new Promise(setImmediate);
    controller.abort();
    await expect(request).rejects.toThrow();
    while (translator.cancelled === 0) await new Promise(setImmediate);
    expect(await answer(server, { method: 'GET', url: '/health' })).toMatchObject({ status: 200 });
  });

  it.each(['/translate', '/translate/stream'])(
    'a client of %s that leaves is logged and counted with status 499',
    async (path) => {
      const lines: RequestLine[] = [];
      const translator = new FakeTranslator(undefined, 10_000);
      const server = await start({ models: [{ name: 'slow', translator }], logRequest: (line) => lines.push(line) });
      const address = await server.listen({ host: '127.0.0.1', port: 0 });
      const controller = new AbortController();
      const request = fetch(address + path, {
        method: 'POST',
        body: JSON.stringify({ text: 'abc' }),
        headers: { 'content-type': 'application/json' },
        signal: controller.signal,
      });
      while (translator.started === 0) await new Promise(setImmediate);
      controller.abort();
      await expect(request).rejects.toThrow();
      await expect.poll(() => lines).toMatchObject([{ path, status: 499, characters: 3 }]);
      expect((await answer(server, { url: '/metrics' })).body).toContain(
        `ts_fairseq_requests_total{route="${path}",status="499"} 1`,
      );
    },
  );

  it('the time of a request is logged and counted', async () => {
    const lines: RequestLine[] = [];
    const translator = new FakeTranslator(undefined, 60);
    const server = await start({ models: [{ name: 'slow', translator }], logRequest: (line) => lines.push(line) });
    await post(server, { text: 'a' });
    expect(lines[0]!.milliseconds).toBeGreaterThanOrEqual(59);
    const { body } = await answer(server, { url: '/metrics' });
    const [, sum] = /^ts_fairseq_request_seconds_sum\{route="\/translate",status="200"\} (.*)$/mu.exec(String(body))!;
    expect(Number(sum)).toBeGreaterThanOrEqual(0.059);
  });

  it('a connection that stays open collects nothing', async () => {
    const server = await start();
    await server.listen({ host: '127.0.0.1', port: 0 });
    const { port } = server.server.address() as AddressInfo;
    const sockets = new Set<Socket>();
    server.server.on('request', ({ socket }) => sockets.add(socket));
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const listeners: number[] = [];
    for (let count = 0; count < 12; count++) {
      await postOn(agent, port, JSON.stringify({ text: 'a' }));
      listeners.push([...sockets][0]!.listenerCount('close'));
    }
    agent.destroy();
    expect(sockets.size).toBe(1);
    expect(listeners.at(-1)).toBe(listeners[0]);
  });

  it('a server that closes finishes the requests that have begun', async () => {
    const server = await start({ models: [{ name: 'slow', translator: new FakeTranslator(undefined, 50) }] });
    const address = await server.listen({ host: '127.0.0.1', port: 0 });
    const request = fetch(`${address}/translate`, {
      method: 'POST',
      body: JSON.stringify({ text: 'a' }),
      headers: { 'content-type': 'application/json' },
    });
    await new Promise((resolve) => setTimeout(resolve, 25));
    await Promise.all([server.close(), expect(request.then(({ status }) => status)).resolves.toBe(200)]);
  });
});

/** Sends the head of a request whose body never comes. @returns all that the server answers before it ends the connection */
function stall(server: FastifyInstance): { readonly answer: Promise<string>; readonly sent: Promise<void> } {
  const socket = connect((server.server.address() as AddressInfo).port, '127.0.0.1');
  const sent = new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    const head =
      'POST /translate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{';
    socket.write(head, () => setTimeout(resolve, 20));
  });
  return { answer: textOf(socket), sent };
}

describe('a request whose body stalls', () => {
  it('is answered with 408 after the time for a request', async () => {
    const lines: RequestLine[] = [];
    const limits = { ...LIMITS, seconds: 1 };
    const server = await start({ limits, logRequest: (line) => lines.push(line) });
    await server.listen({ host: '127.0.0.1', port: 0 });
    const [head, body] = (await stall(server).answer).split('\r\n\r\n') as [string, string];
    expect(head).toMatch(/^HTTP\/1.1 408 Request Timeout\r\n/u);
    expect(JSON.parse(body)).toEqual({ error: 'the request is not complete after 1 second: send its body faster' });
    expect(lines).toMatchObject([{ path: '/translate', status: 408, characters: 0 }]);
  }, 10_000);

  it('does not keep a server that closes from ending', async () => {
    const server = await start({ limits: { ...LIMITS, seconds: 0.2 } });
    await server.listen({ host: '127.0.0.1', port: 0 });
    const { answer, sent } = stall(server);
    await sent;
    await Promise.all([server.close(), answer.catch(() => {})]);
  }, 5000);
});

describe('POST /translate/stream', () => {
  const text = 'Eins. Zwei!\n\nDrei';
  it('sends the parts of a text in order, as lines of JSON', async () => {
    const server = await start();
    const { body } = await post(server, { text }, '/translate/stream');
    const parts = String(body)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { text: string; source?: string });
    expect(parts.map((part) => part.text).join('')).toBe('EINS. ZWEI!\n\nDREI');
    expect(parts.flatMap(({ source }) => source ?? [])).toEqual(['Eins.', 'Zwei!', 'Drei']);
  });

  it('translates a text of many sentences in windows that grow, so that it is neither one call nor thousands', async () => {
    const translator = new FakeTranslator();
    const server = await start({
      models: [{ name: 'one', translator }],
      limits: { requestCharacters: 100_000, queueCharacters: 100_000, seconds: 60 },
    });
    const long = 'Ja.\n'.repeat(2000);
    const { body } = await post(server, { text: long }, '/translate/stream');
    const parts = String(body)
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { text: string }).text);
    expect(parts.join('')).toBe(long.toUpperCase());
    expect(translator.sizes).toEqual([16, 32, 64, 128, 256, 512, 512, 480]);
    expect(translator.most).toBe(1);
  });

  it.each([
    ['takes too long', { text: 'Eins. Zwei.' }, 10_000, 408],
    ['has a defect', { text: 'fail' }, 0, 500],
  ])('answers JSON if the first sentence %s', async (_, payload, milliseconds, status) => {
    const translator = new FakeTranslator(undefined, milliseconds);
    const server = await start({ models: [{ name: 'one', translator }], limits: { ...LIMITS, seconds: 0.05 } });
    const response = await server.inject({ method: 'POST', url: '/translate/stream', payload });
    expect(response.statusCode).toBe(status);
    expect(response.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(Object.keys(response.json<object>())).toEqual(['error']);
  });

  it('breaks off if a later sentence has a defect, which is logged', async () => {
    const [lines, defects]: [RequestLine[], unknown[]] = [[], []];
    const server = await start({
      logRequest: (line) => lines.push(line),
      logDefect: (error) => defects.push(error),
    });
    const address = await server.listen({ host: '127.0.0.1', port: 0 });
    const response = await fetch(`${address}/translate/stream`, {
      method: 'POST',
      body: JSON.stringify({ text: `${'Ja.\n'.repeat(16)}fail` }),
      headers: { 'content-type': 'application/json' },
    });
    await expect(response.text()).rejects.toThrow();
    await expect.poll(() => lines).toMatchObject([{ path: '/translate/stream', status: 500 }]);
    expect(defects).toEqual([new TypeError('a defect')]);
  });

  it('sends server-sent events to those who accept them', async () => {
    const response = await (await start()).inject({
      method: 'POST',
      url: '/translate/stream',
      payload: { text: 'a' },
      headers: { accept: 'text/event-stream' },
    });
    expect(response.headers['content-type']).toBe('text/event-stream');
    expect(response.body).toMatch(/^data: \{.*"text":"A".*\}\n\n$/u);
  });

  it.each([
    [{ text: 'a', model: 'x' }, 400],
    [{ text: 'a'.repeat(1001) }, 413],
    [{ text: ['a'] }, 400],
    [{ text: 'a', format: 'html' }, 400],
    [{ text: 'a', phrases: ['b'] }, 400],
  ])('refuses what /translate refuses: %j', async (payload, status) => {
    expect(await post(await start(), payload, '/translate/stream')).toMatchObject({ status });
  });
});

describe('who may call', () => {
  it('with a token, those who bear it or send it as api_key', async () => {
    const server = await start({ token: 'secret' });
    const request = { text: 'a' };
    const statusWith = async (headers: Record<string, string>, payload: object = request): Promise<number> =>
      (await server.inject({ method: 'POST', url: '/translate', payload, headers })).statusCode;
    expect(await statusWith({})).toBe(401);
    expect(await statusWith({ authorization: 'Bearer wrong' })).toBe(401);
    expect(await statusWith({ authorization: 'Bearer secret' })).toBe(200);
    expect(await statusWith({}, { ...request, api_key: 'secret' })).toBe(200);
    expect((await server.inject('/languages')).statusCode).toBe(401);
    expect((await server.inject('/health')).statusCode).toBe(200);
  });

  it.each([
    ['secret', 'bearer secret', 200],
    ['secret', 'BEARER  secret', 200],
    ['secret', 'Basic secret', 401],
    ['secret', 'secret', 401],
    ['schlüssel', `Bearer ${Buffer.from('schlüssel').toString('latin1')}`, 200],
    ['schlüssel', 'Bearer schlüssel', 200],
    ['ключ', `Bearer ${Buffer.from('ключ').toString('latin1')}`, 200],
    ['ключ', 'Bearer :;NG', 401], // the low bytes of its code units
  ])('the token %s fits the header %j: %i', async (token, authorization, status) => {
    const server = await start({ token });
    const address = await server.listen({ host: '127.0.0.1', port: 0 });
    const { status: actual } = await fetch(`${address}/languages`, { headers: { authorization } });
    expect(actual).toBe(status);
  });

  it('an empty token is refused, because every client could send it', async () => {
    await expect(start({ token: '' })).rejects.toThrow('the token is empty; give a token, or none');
  });

  it('with an origin, the pages of that origin', async () => {
    const origin = 'https://example.org';
    const allowed = async (server: FastifyInstance): Promise<unknown> =>
      (await server.inject({ method: 'GET', url: '/languages', headers: { origin } })).headers[
        'access-control-allow-origin'
      ];
    expect(await allowed(await start())).toBeUndefined();
    expect(await allowed(await start({ corsOrigin: `${origin},https://other.org` }))).toBe(origin);
    expect(await allowed(await start({ corsOrigin: `https://other.org , ${origin} ,` }))).toBe(origin);
    expect(await allowed(await start({ corsOrigin: ' * ' }))).toBe('*');
    expect(await allowed(await start({ corsOrigin: '*' }))).toBe('*');
  });
});

it('other paths describe the server', async () => {
  const lines: RequestLine[] = [];
  const server = await start({ logRequest: (line) => lines.push(line) });
  expect((await answer(server, { url: '/languages' })).body).toEqual([
    { code: 'de', name: 'German', targets: ['en'] },
    { code: 'fr', name: 'French', targets: ['en'] },
  ]);
  expect((await answer(server, { url: '/health' })).body).toMatchObject({
    status: 'ok',
    models: [
      { name: 'one', source: 'de', target: 'en', device: 'cpu', memory: { weights: 10 } },
      { name: 'two', source: 'fr', target: 'en', device: 'cpu', memory: { weights: 10 } },
    ],
    memory: { buffers: 20, process: expect.any(Number) },
  });
  await post(server, { text: 'private' });
  expect((await answer(server, { url: '/metrics' })).body).toContain('ts_fairseq_characters_total 7');
  const docs = (await answer(server, { url: '/docs' })).body as { openapi: string; paths: Record<string, object> };
  expect(docs.openapi).toMatch(/^3\./u);
  expect(Object.keys(docs.paths)).toEqual(
    expect.arrayContaining(['/translate', '/translate/stream', '/languages', '/health']),
  );
  for (const path of ['/translate', '/translate/stream']) {
    const { post } = docs.paths[path] as { post: { responses: object } };
    expect(Object.keys(post.responses)).toEqual(['200', '400', '401', '408', '413', '415', '429', '500', '503']);
  }
  expect(await answer(server, { url: '/x' })).toEqual({
    status: 404,
    body: { error: 'GET /x does not exist; see /docs' },
  });
  expect(lines.map(({ path, status, characters }) => [path, status, characters])).toContainEqual([
    '/translate',
    200,
    7,
  ]);
  expect(JSON.stringify(lines)).not.toContain('private');
});

it('a model that can no longer translate answers 503, as does /health', async () => {
  const defects: unknown[] = [];
  const [translator, other] = [new FakeTranslator(), new FakeTranslator({ source: 'fr', target: 'en' })];
  const models = [translator, other].map((model, index) => ({ name: `${index}`, translator: model }));
  const server = await start({ models, logDefect: (error) => defects.push(error) });
  translator.failure = new InternalError('the thread that translates ended with code 1');
  const error = 'the model 0 can no longer translate: the thread that translates ended with code 1; restart the server';
  expect(await answer(server, { url: '/health' })).toMatchObject({
    status: 503,
    body: { status: 'failed', error, models: [{ name: '0' }, { name: '1' }] },
  });
  for (const path of ['/translate', '/translate/stream'])
    expect(await post(server, { text: 'a' }, path)).toEqual({ status: 503, body: { error } });
  expect(await post(server, { text: 'a', model: '1' })).toMatchObject({ status: 200 });
  expect(defects).toEqual([]);
});

it('a model that stops during a translation answers 503, and its error is logged', async () => {
  const defects: unknown[] = [];
  const translator = new FakeTranslator(undefined, 50);
  const server = await start({ models: [{ name: '0', translator }], logDefect: (error) => defects.push(error) });
  const failure = new InternalError('the thread has ended');
  translator.failLater(failure);
  const error = 'the model 0 can no longer translate: the thread has ended; restart the server';
  expect(await post(server, { text: 'a' })).toEqual({ status: 503, body: { error } });
  expect(defects).toEqual([failure]);
});

it('two models with one name are refused', async () => {
  const model = { name: 'one', translator: new FakeTranslator() };
  await expect(start({ models: [model, model] })).rejects.toThrow(
    'two models have the name one; rename one of their folders',
  );
});
