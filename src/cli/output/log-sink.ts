import { appendFileSync } from 'node:fs';
import { type LogEvent, log } from '../../log.js';
import { defineOptions, type OptionsOf } from '../../options/schema.js';
import { attempt } from '../../text/file-errors.js';
import type { StatsEvent } from '../../training/events.js';
import { roundTo } from '../../training/number-format.js';
import { programName } from '../program.js';
import { isStatsEvent } from './event-kinds.js';
import { ProgressBar } from './progress-bar.js';

/** Options of the log, named as in fairseq. */
export const logOptions = defineOptions({
  logFormat: {
    kind: 'choice',
    choices: ['json', 'none', 'simple', 'tqdm'],
    default: null,
    group: 'Log',
    help: 'log format (default: tqdm, a progress bar; simple if stderr is not a terminal)',
  },
  logFile: { kind: 'string', default: null, metavar: 'FILE', group: 'Log', help: 'also append the log to this file' },
  logInterval: { kind: 'int', default: 100, min: 1, group: 'Log', help: 'log every N updates or batches' },
  noProgressBar: { kind: 'boolean', default: false, group: 'Log', help: 'log lines instead of a progress bar' },
});

type Format = 'json' | 'none' | 'simple' | 'tqdm';

/** `2026-11-23 20:15:00`, local time, as Python's logging writes it. */
export function timestamp(time: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${date} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}

/** One event as a line of fairseq's log, or null if the format omits it. */
export function formatEvent(event: LogEvent, format: Format): string | null {
  const level = event.level === 'warning' ? 'WARNING' : 'INFO';
  if (event.kind === 'message')
    return `${timestamp(event.time)} | ${level} | ts-fairseq | ${String(event.fields.message)}`;
  if (!isStatsEvent(event)) return null;
  const stats = event.fields;
  if (format === 'none' || (format === 'tqdm' && event.kind === 'train_inner')) return null;
  const body = format === 'json' ? jsonBody(event.kind, stats) : simpleBody(event.kind, stats);
  return `${timestamp(event.time)} | INFO | ${stats.tag} | ${body}`;
}

/** `epoch 003:      5 / 356 loss=9.44, …` within an epoch, `epoch 003 | valid on 'valid' subset | loss 9.39 | …` at its end. */
function simpleBody(kind: string, { epoch, position, total, subset, stats }: StatsEvent): string {
  const prefix = `epoch ${String(epoch).padStart(3, '0')}${subset === undefined ? '' : ` | valid on '${subset}' subset`}`;
  if (kind !== 'train_inner') return `${prefix} | ${stats.map(([name, value]) => `${name} ${value}`).join(' | ')}`;
  return `${prefix}:  ${String(position).padStart(5)} / ${total} ${stats.map(([name, value]) => `${name}=${value}`).join(', ')}`;
}

function jsonBody(kind: string, { tag, epoch, position, total, stats }: StatsEvent): string {
  const fields: [name: string, json: string][] = [['epoch', String(epoch)]];
  if (kind === 'train_inner' && position !== undefined && total !== undefined) {
    fields.push(['update', pythonFloatText(roundTo(epoch - 1 + position / total, 3))]);
  }
  const prefix = kind === 'train_inner' ? '' : `${tag}_`;
  for (const [name, value] of stats) fields.push([prefix + name, JSON.stringify(value)]);
  // Python's json.dumps puts a space after ':' and ','.
  return `{${fields.map(([name, json]) => `${JSON.stringify(name)}: ${json}`).join(', ')}}`;
}

/** A float of three decimals as Python prints it: whole numbers keep the point, `2.0`. */
const pythonFloatText = (value: number): string => (Number.isInteger(value) ? value.toFixed(1) : String(value));

/**
 * Prints the log of this process to stderr, with a progress bar if that is a terminal, and to `--log-file`.
 * @returns the function that stops it
 */
export function startLog({
  logFormat = null,
  logFile = null,
  noProgressBar = false,
}: Partial<OptionsOf<typeof logOptions>> = {}): () => void {
  const isTerminal = process.stderr.isTTY === true;
  const requested: Format = logFormat ?? (noProgressBar ? 'simple' : 'tqdm');
  const format = requested === 'tqdm' && !isTerminal ? 'simple' : requested; // as fairseq does
  const bar = format === 'tqdm' ? new ProgressBar() : null;
  const append = (text: string): void => {
    if (logFile !== null) attempt(`--log-file ${logFile}`, 'written', () => appendFileSync(logFile, text));
  };
  append('');
  const detach = log.attach((event) => {
    const line = formatEvent(event, format);
    if (line !== null) {
      append(`${line}\n`);
      bar?.clear();
      process.stderr.write(`${line}\n`);
    }
    bar?.update(event);
  });
  return () => {
    bar?.stop();
    detach();
  };
}

/** Prints only the warnings of this process, and a progress bar if stderr is a terminal. @returns the function that stops it */
export function startBriefLog(): () => void {
  const bar = process.stderr.isTTY === true ? new ProgressBar() : null;
  const detach = log.attach((event) => {
    if (event.level === 'warning') {
      bar?.clear();
      process.stderr.write(`${programName}: warning: ${String(event.fields.message)}\n`);
    }
    bar?.update(event);
  });
  return () => {
    bar?.stop();
    detach();
  };
}
