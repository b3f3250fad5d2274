import { appendFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { formatTable } from '../../src/devices/table.js';

type Value = string | number;

export interface Column<Row> {
  readonly heading: string;
  readonly value: (row: Row) => Value;
  /** Digits after the decimal point; default 0. */
  readonly digits?: number;
}

export interface Report<Row> {
  readonly benchmark: string;
  /** The explanation of the columns, in a line or two. */
  readonly note: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  /** Conclusions, printed below the table. */
  readonly remarks?: readonly string[];
  /** Further fields of the JSON. */
  readonly details?: object;
}

const [loadAtStart] = loadavg();

/** The machine that was measured. */
const machine = (threads: number) => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  threads,
  node: process.version,
  /** The load average of the last minute; if it is high, the measured speed is too low. */
  loadAtStart: loadAtStart!,
});

/**
 * Prints a table. With `--json FILE`, also appends the results to the file as a line; with `--json -`, prints this line to stdout
 * and the table to stderr.
 */
export function publish<Row extends object>(
  { benchmark, note, columns, rows, remarks = [], details = {} }: Report<Row>,
  { json, threads }: { readonly json?: string | undefined; readonly threads: number },
): void {
  const cells = rows.map((row) => columns.map(({ value, digits = 0 }) => cell(value(row), digits)));
  const { cpu, cores, loadAtStart: load } = machine(threads);
  const busy = load > 0.5 ? `; other work was running (load ${load.toFixed(1)}): metrics are low` : '';
  const table = formatTable([columns.map(({ heading }) => heading), ...cells]);
  const text = `${benchmark}: ${cpu}, ${threads} of ${cores} threads${busy}\n${[note, table, ...remarks].join('\n')}\n\n`;
  const line = `${JSON.stringify({ benchmark, machine: machine(threads), ...details, remarks, rows })}\n`;
  if (json === '-') process.stderr.write(text);
  else process.stdout.write(text);
  if (json === '-') process.stdout.write(line);
  else if (json !== undefined) appendFileSync(json, line);
}

const cell = (value: Value, digits: number): string =>
  typeof value === 'string' ? value : Number.isFinite(value) ? value.toFixed(digits) : '';

/** The median. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export const percent = (ratio: number): string => (Number.isFinite(ratio) ? `${(100 * ratio).toFixed(1)} %` : '');

/** Prints the progress of a benchmark to stderr. */
export const progress = (text: string): void => void process.stderr.write(`bench: ${text}\n`);
