/** The command line's interface to the process; tests replace it. */
export interface Host {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether stdout shows colours. */
  readonly isTerminal: boolean;
  /** Whether standard input is a terminal. */
  readonly isStdinTerminal: boolean;
  readStdin(): Uint8Array;
  out(text: string): void;
  err(text: string): void;
}
