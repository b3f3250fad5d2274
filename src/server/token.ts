import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { UserError } from '../errors.js';
import { HttpError } from './http-error.js';

/**
 * Makes a server answer only requests that bear a token.
 * @param isOpen whether a request needs none
 * @throws UserError if the token is empty
 */
export function requireToken(
  server: FastifyInstance,
  token: string,
  isOpen: (request: FastifyRequest) => boolean,
): void {
  if (token === '') throw new UserError('the token is empty', 'give a token, or none');
  // Node reads a header's bytes as Latin-1. Clients send a token that is not ASCII as UTF-8 or as Latin-1.
  const headers = [Buffer.from(token).toString('latin1'), token];
  server.addHook('preHandler', async (request) => {
    if (isOpen(request)) return;
    const key = (request.body as { readonly api_key?: unknown } | null | undefined)?.api_key;
    const [, borne] = /^bearer +(.*)$/iu.exec(request.headers.authorization ?? '') ?? [];
    if (headers.some((header) => isSame(borne, header)) || isSame(key, token)) return;
    throw new HttpError(401, 'the token is missing or wrong: send Authorization: Bearer TOKEN');
  });
}

/** Compares secrets in a time that does not depend on where they differ. */
function isSame(given: unknown, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return typeof given === 'string' && timingSafeEqual(digest(given), digest(expected));
}
