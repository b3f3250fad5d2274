/** What the command line touches of the process; tests put another in its place. */
export interface Host {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether colours can be seen. */
  readonly isTerminal: boolean;
  /** Whether somebody would have to type what `readStdin` waits for. */
  readonly isStdinTerminal: boolean;
  readStdin(): Uint8Array;
  out(text: string): void;
  err(text: string): void;
}
