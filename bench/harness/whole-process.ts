import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import type { ProcessFigures } from './observed-process.js';
import { inRepository } from './paths.js';

export interface ProcessRun extends ProcessFigures {
  readonly seconds: number; // from the start to the end of the process
}

export interface Streams {
  /** The file for the output of the process; without it the output is discarded. */
  readonly stdout?: string;
  /** The input of the process; default: none. */
  readonly feed?: (stdin: Writable) => Promise<void>;
}

/** Runs a script of this repository, e.g. `bin/ts-fairseq.js`, as a separate process. @throws Error if it fails */
export const runNode = (script: string, args: readonly string[], streams: Streams = {}): Promise<ProcessRun> =>
  runWhole(
    process.execPath,
    ['--import', inRepository('dist/bench/harness/observed-process.js'), inRepository(script), ...args],
    streams,
  );

/** Runs `bench/peers/text.py`. @throws Error if it fails */
export const runPeer = (python: string, args: readonly string[]): Promise<ProcessRun> =>
  runWhole(python, [inRepository('bench/peers/text.py'), ...args], {});

/** Runs `bench/peers/moses.pl`. @throws Error if it fails */
export const runPerl = (args: readonly string[]): Promise<ProcessRun> =>
  runWhole('perl', [inRepository('bench/peers/moses.pl'), ...args], {});

async function runWhole(program: string, args: readonly string[], { stdout, feed }: Streams): Promise<ProcessRun> {
  const out = openSync(stdout ?? '/dev/null', 'w');
  const start = performance.now();
  const child = spawn(program, args, { stdio: [feed === undefined ? 'ignore' : 'pipe', out, 'pipe', 'pipe'] });
  const errors = textOf(child, 2);
  const metrics = textOf(child, 3);
  const ended = once(child, 'close');
  await feed?.(child.stdin!);
  const [code] = (await ended) as [number | null];
  const seconds = (performance.now() - start) / 1000;
  closeSync(out);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} failed:\n${errors.text.slice(-2000)}`);
  return { ...(JSON.parse(metrics.text) as ProcessFigures), seconds };
}

function textOf(child: ChildProcess, stream: number): { text: string } {
  const read = { text: '' };
  (child.stdio[stream] as Readable).setEncoding('utf8').on('data', (text: string) => {
    read.text += text;
  });
  return read;
}
