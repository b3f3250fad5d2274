import type { FastifyRequest } from 'fastify';

/** The reason of a signal whose client has left. Nobody reads an answer. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

/** A signal that aborts if the client closes the connection before it has the answer. */
export function goneSignal(request: FastifyRequest): AbortSignal {
  const controller = new AbortController();
  const { socket } = request.raw;
  const leave = (): void => controller.abort(new ClientGone('the client has closed the connection'));
  if (socket.destroyed) leave();
  else socket.once('close', leave);
  return controller.signal;
}
