import { isUtf8 } from 'node:buffer';
import { parse as parseForm } from 'node:querystring';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HttpError } from './http-error.js';

/** Takes bodies of JSON and forms. Refuses those that are not UTF-8; Node would replace their bytes. */
export function acceptBodies(server: FastifyInstance): void {
  const accept = (type: string, isText: (body: Buffer) => boolean, parse: (text: string) => unknown): void => {
    server.addContentTypeParser(type, { parseAs: 'buffer' }, async (_request: FastifyRequest, body: Buffer) => {
      if (!isText(body)) throw new HttpError(400, 'the body is not valid UTF-8');
      return parse(body.toString('utf8'));
    });
  };
  server.removeAllContentTypeParsers();
  accept('application/json', isUtf8, parseJson);
  accept('application/x-www-form-urlencoded', isUtf8Form, (text) => ({ ...parseForm(text, '&', '=', { maxKeys: 0 }) }));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new HttpError(400, 'the body is not valid JSON');
  }
}

/** Whether the bytes of a form, also those that are escaped as `%FC`, are UTF-8. */
function isUtf8Form(body: Buffer): boolean {
  const bytes = body
    .toString('latin1')
    .replace(/%([\da-f]{2})/giu, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return isUtf8(Buffer.from(bytes, 'latin1'));
}
