import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** How often Node looks for requests that are late, in milliseconds. */
const CHECK_INTERVAL = 1000;

/** Connections whose request was not complete in time. */
const late = new WeakSet<object>();

/** Whether a connection was ended because its request was not complete in time. */
export const wasLate = (socket: object): boolean => late.has(socket);

/**
 * Fastify's settings for the time in which a client must send its request. Without them, a request whose body stalls is held for
 * ever. @param seconds the time for a request; one second at least, because Node looks once a second
 */
export function requestTime(seconds: number) {
  const milliseconds = Math.ceil(1000 * Math.max(1, seconds));
  return {
    requestTimeout: milliseconds,
    http: {
      connectionsCheckingInterval: CHECK_INTERVAL,
      requestTimeout: milliseconds,
      headersTimeout: Math.min(60_000, milliseconds),
    },
    clientErrorHandler(error: NodeJS.ErrnoException, socket: Socket): void {
      if (error.code === 'ECONNRESET' || socket.destroyed) return;
      const [status, problem] = answerTo(error.code, milliseconds / 1000);
      if (status.startsWith('408')) late.add(socket);
      const body = JSON.stringify({ error: problem });
      const head = `HTTP/1.1 ${status}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close`;
      if (socket.writable) socket.write(`${head}\r\n\r\n${body}`);
      socket.destroySoon();
    },
  };
}

/** The status line and the problem for an error of Node's parser. */
function answerTo(code: string | undefined, seconds: number): readonly [status: string, problem: string] {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    const time = `${seconds} second${seconds === 1 ? '' : 's'}`;
    return ['408 Request Timeout', `the request is not complete after ${time}: send its body faster`];
  }
  if (code === 'HPE_HEADER_OVERFLOW') return ['431 Request Header Fields Too Large', 'the headers are too large'];
  return ['400 Bad Request', 'the request is not valid HTTP'];
}

/**
 * Makes a server that closes wait for answers, but not for idle connections, and for none longer than a request may take: Node
 * does not look for late requests any more.
 */
export function closeAfterAnswers(server: FastifyInstance, seconds: number): void {
  let timer: NodeJS.Timeout | null = null;
  server.addHook('preClose', async () => {
    timer = setTimeout(() => server.server.closeAllConnections(), 1000 * seconds);
  });
  server.addHook('onClose', async () => clearTimeout(timer ?? undefined));
  server.addHook('onSend', async (_request, reply) => {
    if (timer !== null) reply.header('connection', 'close');
  });
}
