import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** An answer of a server. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: Buffer;
}

/** A request whose answer has not arrived. */
interface Waiting {
  resolve(answer: HttpAnswer): void;
  reject(error: Error): void;
}

const END_OF_HEAD = '\r\n\r\n';

/**
 * A connection that stays open and sends one request at a time. It does much less work than Node's own client, which would take
 * processor time from the server that is measured.
 */
export class HttpConnection {
  #received = Buffer.alloc(0);
  #waiting: Waiting | null = null;

  private constructor(
    readonly socket: Socket,
    readonly host: string,
  ) {
    socket.setNoDelay();
    socket.on('data', (chunk) => {
      this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
      this.#deliver();
    });
    socket.on('error', (error) => this.#waiting?.reject(error));
    socket.on('close', () => this.#waiting?.reject(new Error('the server closed the connection')));
  }

  static async open(port: number): Promise<HttpConnection> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new HttpConnection(socket, `127.0.0.1:${port}`);
  }

  /** Posts JSON. The answer must have a content-length. */
  post(path: string, json: string): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      const length = Buffer.byteLength(json);
      this.socket.write(
        `POST ${path} HTTP/1.1\r\nhost: ${this.host}\r\ncontent-type: application/json\r\ncontent-length: ${length}${END_OF_HEAD}${json}`,
      );
    });
  }

  close(): void {
    this.#waiting = null;
    this.socket.destroy();
  }

  #deliver(): void {
    const head = this.#received.indexOf(END_OF_HEAD);
    if (head < 0) return;
    const text = this.#received.toString('latin1', 0, head);
    const start = head + END_OF_HEAD.length;
    const end = start + Number(/content-length: (\d+)/iu.exec(text)?.[1]);
    if (this.#received.length < end) return;
    const body = this.#received.subarray(start, end);
    this.#received = this.#received.subarray(end);
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.resolve({ status: Number(text.slice(9, 12)), body });
  }
}
