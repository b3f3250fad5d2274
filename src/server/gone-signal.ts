import type { FastifyReply } from 'fastify';

/** The reason of a signal whose client has left. Nobody reads an answer. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

/** A signal that aborts if the client closes the connection before it has the whole answer. */
export function goneSignal({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController();
  // Of the response, not of the socket: a connection that stays open would collect a listener per request.
  raw.once('close', () => {
    if (!raw.writableFinished) controller.abort(new ClientGone('the client has closed the connection'));
  });
  return controller.signal;
}
