import { HttpError } from './http-error.js';

/** Limits on the work that a server accepts. */
export interface Limits {
  /** The most characters in a request. */
  readonly requestCharacters: number;
  /** The most characters in all requests that are being translated. */
  readonly queueCharacters: number;
  /** The longest time for a request, in seconds. */
  readonly seconds: number;
}

/** Decides which requests are translated, and measures the speed to tell the others when to come back. */
export class Admission {
  #queued = 0;
  /** Characters per second, a moving average; null before the first request has ended. */
  #speed: number | null = null;

  constructor(readonly limits: Limits) {}

  /** The number of characters that are being translated. */
  get queued(): number {
    return this.#queued;
  }

  /**
   * Runs work on a text.
   * @param size its number of characters, and how often they are translated at most
   * @param gone aborts if the client has left
   * @throws HttpError with status 408, 413 or 429
   */
  async run<T>(
    { characters: length, times = 1 }: { readonly characters: number; readonly times?: number },
    gone: AbortSignal,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { requestCharacters, queueCharacters, seconds } = this.limits;
    const characters = length * times;
    if (characters > requestCharacters) {
      const counted = times === 1 ? '' : `, which count ${times} times because of its phrases`;
      throw new HttpError(413, `the text has ${length} characters${counted}, more than ${requestCharacters}`);
    }
    if (this.#queued > 0 && this.#queued + characters > queueCharacters) {
      throw new HttpError(429, 'the server is busy: try again later', {
        'retry-after': String(this.#secondsUntilFree()),
      });
    }
    const limit = new AbortController();
    const leave = (): void => limit.abort(gone.reason);
    gone.addEventListener('abort', leave);
    const timer = setTimeout(
      () => limit.abort(new HttpError(408, `the translation takes longer than ${seconds} seconds`)),
      1000 * seconds,
    );
    const started = performance.now();
    this.#queued += characters;
    try {
      gone.throwIfAborted();
      const result = await work(limit.signal);
      this.#learnSpeed(characters, (performance.now() - started) / 1000);
      return result;
    } finally {
      this.#queued -= characters;
      clearTimeout(timer);
      gone.removeEventListener('abort', leave);
    }
  }

  #learnSpeed(characters: number, seconds: number): void {
    if (characters === 0 || seconds === 0) return;
    const speed = characters / seconds;
    this.#speed = this.#speed === null ? speed : 0.9 * this.#speed + 0.1 * speed;
  }

  /** An estimate of the time until the queue is empty, in whole seconds. */
  #secondsUntilFree(): number {
    const seconds = Math.min(this.#queued / (this.#speed ?? this.#queued), this.limits.seconds);
    return Math.max(1, Math.ceil(seconds));
  }
}
