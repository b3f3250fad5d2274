import type { FastifyInstance, FastifyRequest } from 'fastify';
import { wasLate } from './request-time.js';

/** How a request ended. */
export interface RequestEnd {
  /** The status of the answer; 499 if the client left before it had the whole answer, 408 if it did not send its request in time. */
  readonly status: number;
  readonly milliseconds: number;
}

/**
 * Calls a function once for each request, answered or not. (Fastify's onResponse is not called if the client has left.)
 * To be added before plugins that answer requests in hooks.
 */
export function onRequestEnd(
  server: FastifyInstance,
  handle: (request: FastifyRequest, end: RequestEnd) => void,
): void {
  server.addHook('onRequest', async (request, reply) => {
    const started = performance.now(); // Fastify measures only for onResponse
    let isAnswered = false;
    reply.raw.once('finish', () => {
      isAnswered = true;
    });
    reply.raw.once('close', () => {
      const status = isAnswered ? reply.statusCode : (request.brokenOff ?? (wasLate(request.socket) ? 408 : 499));
      handle(request, { status, milliseconds: performance.now() - started });
    });
  });
}
