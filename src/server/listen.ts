import type { FastifyInstance } from 'fastify';
import { UserError } from '../errors.js';

/**
 * The most connections that wait to be accepted. With Node's default, 511, a thousand clients that connect at the same time to a
 * busy machine lose connections. The system may have a lower limit (net.core.somaxconn).
 */
const BACKLOG = 4096;

/**
 * Makes a server listen.
 * @returns its address, e.g. `http://127.0.0.1:8000`
 * @throws UserError if the address cannot be used
 */
export async function listen(server: FastifyInstance, host: string, port: number): Promise<string> {
  try {
    return await server.listen({ host, port, backlog: BACKLOG });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reasons: Readonly<Record<string, string>> = {
      EADDRINUSE: 'another program uses it',
      EACCES: 'permission denied',
      EADDRNOTAVAIL: 'this machine does not have the address',
      ENOTFOUND: 'the name of the host is unknown',
    };
    const reason = reasons[code ?? ''];
    if (reason === undefined) throw error;
    throw new UserError(`cannot listen on ${host} port ${port}: ${reason}`, 'choose another --port or --host', {
      cause: error,
    });
  }
}
