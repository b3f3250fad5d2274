/** One event of the log. The values of `fields` keep their types until a sink formats them. */
export interface LogEvent {
  readonly level: 'info' | 'warning'; // sinks print it
  /** The kind of event, which determines its format: `train`, `train_inner`, `valid`, `message`, … */
  readonly kind: string;
  readonly fields: Readonly<Record<string, unknown>>; // by name, not yet formatted
  readonly time: Date; // when it was logged
}

/** Receives events: `message`; `train_inner`, `train`, `valid` (metrics); `progress` (progress bar). */
export type LogSink = (event: LogEvent) => void;

/**
 * The log of a process: a stream of events. Libraries emit events, and the command line attaches a sink that prints
 * them as fairseq's lines or as JSON. Without a sink nothing is printed.
 */
export class Log {
  readonly #sinks = new Set<LogSink>();

  /** Attaches a sink and returns the function that detaches it. */
  attach(sink: LogSink): () => void {
    this.#sinks.add(sink);
    return () => this.#sinks.delete(sink);
  }

  /** Emits an event of any kind. */
  info(kind: string, fields: LogEvent['fields']): void {
    this.#emit({ level: 'info', kind, fields, time: new Date() });
  }

  /** Emits a warning for people. */
  warning(message: string): void {
    this.#emit({ level: 'warning', kind: 'message', fields: { message }, time: new Date() });
  }

  /** Emits a sentence for people. */
  message(message: string): void {
    this.info('message', { message });
  }

  #emit(event: LogEvent): void {
    for (const sink of this.#sinks) sink(event);
  }
}

/** The log of this process. */
export const log = new Log();
