/** One thing that happened; `fields` keep their types until a sink formats them. */
export interface LogEvent {
  readonly level: 'info' | 'warning'; // warnings stand out in the log
  /** What is logged: `train`, `train_inner`, `valid`, `message`, … Sinks choose their format by it. */
  readonly kind: string;
  readonly fields: Readonly<Record<string, unknown>>; // by name, not yet formatted
  readonly time: Date; // when it was logged
}

/** Kinds in use: `message`, `train_inner`, `train`, `valid` (metrics of training), `progress` (for the bar). */
export type LogSink = (event: LogEvent) => void;

/**
 * The log of this process is a stream of events. Libraries emit; the command line attaches a sink that prints
 * fairseq's lines or JSON. Without a sink nothing is printed.
 */
export class Log {
  readonly #sinks = new Set<LogSink>();

  /** Attaches a sink and returns the function that detaches it. */
  attach(sink: LogSink): () => void {
    this.#sinks.add(sink);
    return () => this.#sinks.delete(sink);
  }

  info(kind: string, fields: LogEvent['fields']): void {
    this.#emit({ level: 'info', kind, fields, time: new Date() });
  }

  warning(message: string): void {
    this.#emit({ level: 'warning', kind: 'message', fields: { message }, time: new Date() });
  }

  /** A plain sentence for people. */
  message(message: string): void {
    this.info('message', { message });
  }

  #emit(event: LogEvent): void {
    for (const sink of this.#sinks) sink(event);
  }
}

/** The log of this process; it prints nothing until a sink is attached. */
export const log = new Log();
