import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import { webFolder } from './web-folder.js';

/** The files of the page by path, in the folder `web` of the package. */
const FILES: Readonly<Record<string, readonly [file: string, type: string]>> = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/style.css': ['style.css', 'text/css; charset=utf-8'],
  '/app.js': ['app.js', 'text/javascript; charset=utf-8'],
};

/** The paths of the page, which need no token. */
export const PAGE_PATHS: readonly string[] = Object.keys(FILES);

/** Nothing but the page's own files and its own server. */
const POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src data:; frame-ancestors 'none'; base-uri 'none'";

/** Adds the page at `/`. */
export function addPage(server: FastifyInstance): void {
  for (const [path, [file, type]] of Object.entries(FILES)) {
    const content = readFileSync(new URL(file, webFolder()));
    server.get(path, { schema: { hide: true } }, async (_request, reply) =>
      reply
        .headers({ 'content-type': type, 'content-security-policy': POLICY, 'x-content-type-options': 'nosniff' })
        .serializer((body: unknown) => body as string)
        .send(content),
    );
  }
}
