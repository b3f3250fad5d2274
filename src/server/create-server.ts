import cors from '@fastify/cors';
import swagger from '@fastify/swagger';
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { UserError } from '../errors.js';
import { Admission, type Limits } from './admission.js';
import { acceptBodies } from './bodies.js';
import { ClientGone } from './gone-signal.js';
import { HttpError } from './http-error.js';
import { ServerMetrics } from './metrics.js';
import { addPage, PAGE_PATHS } from './page.js';
import { onRequestEnd } from './request-end.js';
import { closeAfterAnswers, requestTime } from './request-time.js';
import { healthSchema } from './schemas.js';
import { type ServedModel, ServedModels } from './served-models.js';
import { addStreamRoute } from './stream-route.js';
import { requireToken } from './token.js';
import { addTranslateRoute } from './translate-route.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The number of characters that the request asks to translate. */
    characters: number;
    /** The status of the problem that has ended an answer in its middle; null if none has. */
    brokenOff: number | null;
  }
}

/** What a server offers, and to whom. */
export interface ServerOptions {
  readonly models: readonly ServedModel[];
  readonly limits: Limits;
  /** The token that requests must bear; null: none. */
  readonly token: string | null;
  /** The origins that browsers may call from, separated by commas; `*` is all; null: only the server's own. */
  readonly corsOrigin: string | null;
  /** Called with one line for each request, without its text. */
  readonly logRequest?: (line: RequestLine) => void;
  /** Called with an error that is a defect; the client only learns that there was one. */
  readonly logDefect?: (error: unknown) => void;
  readonly version: string;
}

/** What is logged of a request. */
export interface RequestLine {
  readonly time: string; // ISO 8601
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly milliseconds: number;
  readonly characters: number;
}

/** Bytes of a body per character of its text, in the worst case of JSON's escapes. */
const BYTES_PER_CHARACTER = 12;

/** Creates the server; the caller listens and closes. The models stay the caller's. */
export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  const { limits, token, corsOrigin, version } = options;
  const models = new ServedModels(options.models);
  const admission = new Admission(limits);
  const server = fastify({
    bodyLimit: BYTES_PER_CHARACTER * limits.requestCharacters + 10_000,
    logger: false,
    forceCloseConnections: 'idle',
    ...requestTime(limits.seconds),
  });
  // Routes check bodies themselves, with clearer messages; schemas are for /docs.
  server.setValidatorCompiler(() => () => true);
  server.setSerializerCompiler(() => (data) => JSON.stringify(data));
  server.decorateRequest('characters', 0);
  server.decorateRequest('brokenOff', null);
  closeAfterAnswers(server, limits.seconds);
  const metrics = new ServerMetrics(admission);
  onRequestEnd(server, (request, { status, milliseconds }) => {
    metrics.count(request, status, milliseconds);
    options.logRequest?.({
      time: new Date().toISOString(),
      method: request.method,
      path: pathOf(request),
      status,
      milliseconds: Math.round(milliseconds),
      characters: request.characters,
    });
  });
  acceptBodies(server);
  const origins = corsOrigin?.split(',').flatMap((origin) => origin.trim() || []) ?? [];
  if (origins.length > 0) await server.register(cors, { origin: origins.includes('*') ? '*' : origins });
  await server.register(swagger, { openapi: { info: { title: 'ts-fairseq', version } } });
  server.setErrorHandler(async (error, _request, reply) => {
    const failure = models.failure(error);
    const { status, message, headers } = answerTo(failure ?? error);
    if (status === 500 || failure !== null) options.logDefect?.(error);
    // The type that a stream has set would stay.
    return reply.code(status).headers(headers).type('application/json; charset=utf-8').send({ error: message });
  });
  server.setNotFoundHandler(async (request, reply) =>
    reply.code(404).send({ error: `${request.method} ${pathOf(request)} does not exist; see /docs` }),
  );
  if (token !== null) requireToken(server, token, (request) => OPEN.includes(pathOf(request)));
  metrics.addRoute(server);
  addTranslateRoute(server, models, admission);
  addStreamRoute(server, models, admission, (request, error) => {
    const failure = models.failure(error);
    request.brokenOff = answerTo(failure ?? error).status;
    if (request.brokenOff === 500 || failure !== null) options.logDefect?.(error);
  });
  server.get('/languages', { schema: { summary: 'lists the languages' } }, async () => models.languages());
  server.get('/health', { schema: healthSchema }, async (_request, reply) => {
    const failure = models.failure();
    if (failure !== null) reply.code(503);
    return {
      ...(failure === null ? { status: 'ok' } : { status: 'failed', error: failure.message }),
      models: models.all.map(({ name, translator: { languages, device, memory } }) => ({
        name,
        ...languages,
        device,
        memory: { weights: memory.weights },
      })),
      memory: {
        process: process.memoryUsage.rss(),
        buffers: Math.max(0, ...models.all.map(({ translator }) => translator.memory.buffers)),
      },
    };
  });
  addPage(server);
  server.get('/docs', { schema: { hide: true } }, async () => server.swagger());
  return server;
}

const pathOf = ({ url }: FastifyRequest): string => url.split('?', 1)[0]!;

/** Paths that need no token. */
const OPEN: readonly string[] = [...PAGE_PATHS, '/health', '/docs'];

const UNSUPPORTED_TYPE = 'the body is neither JSON nor a form: send it with Content-Type: application/json';

/** The status and the line for an error. */
function answerTo(error: unknown): { status: number; message: string; headers: Readonly<Record<string, string>> } {
  if (error instanceof HttpError) return { status: error.statusCode, message: error.message, headers: error.headers };
  if (error instanceof UserError) return { status: 400, message: error.message, headers: {} };
  if (error instanceof ClientGone) return { status: 499, message: error.message, headers: {} };
  const { statusCode = 500, message } = error as { readonly statusCode?: number; readonly message: string };
  if (statusCode === 413) return { status: 413, message: 'the body is too large', headers: {} };
  if (statusCode === 415) return { status: 415, message: UNSUPPORTED_TYPE, headers: {} };
  if (statusCode < 500) return { status: statusCode, message, headers: {} };
  return { status: 500, message: 'the server has failed; its log says why', headers: {} };
}
