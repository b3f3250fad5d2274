import { readFileSync, rmSync } from 'node:fs';
import { median, progress, publish } from './report.js';
import { type ProcessRun, runNode } from './whole-process.js';

export interface TextCase {
  readonly name: string;
  /** The file whose lines are counted. */
  readonly files: readonly string[];
  /** Arguments of `ts-fairseq`, or of `script`, whose stdout is then written to `outputs[0]`. */
  readonly command: readonly string[];
  readonly script?: string;
  /** A folder that the command creates and that must not exist before. */
  readonly makes?: string;
  /** The same work by another tool; without `run` it is skipped. */
  readonly peer?: { readonly name: string; readonly run?: () => Promise<ProcessRun> };
  /** The files of both that should be equal. */
  readonly outputs?: readonly [ours: string, theirs: string];
}

interface Row {
  readonly name: string;
  readonly lines: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakBytes: number;
  /** The peer's seconds divided by ours. */
  readonly times: number;
  readonly cpuTimes: number;
  readonly output: string;
}

/** Runs whole processes, alternating between ours and the peer's, and reports medians. */
export async function compareTextTools(
  benchmark: { readonly name: string; readonly data: string; readonly repetitions: number },
  cases: readonly TextCase[],
  options: Parameters<typeof publish>[1],
): Promise<void> {
  const { name: title, data, repetitions } = benchmark;
  const rows: Row[] = [];
  for (const { name, files, command, script, makes, peer, outputs } of cases) {
    const [ours, theirs]: [ProcessRun[], ProcessRun[]] = [[], []];
    for (let repetition = 0; repetition < repetitions; repetition++) {
      progress(name);
      if (makes !== undefined) rmSync(makes, { recursive: true, force: true });
      ours.push(
        script === undefined
          ? await runNode('bin/ts-fairseq.js', command)
          : await runNode(script, command, { stdout: outputs![0] }),
      );
      if (peer?.run !== undefined) theirs.push(await peer.run());
    }
    const lines = files.reduce((sum, file) => sum + linesOf(file).length, 0);
    const own = rowOf(name, lines, ours);
    rows.push(own);
    if (theirs.length === 0) continue;
    const row = rowOf(`  ${peer!.name}`, lines, theirs);
    const ratios = { times: row.seconds / own.seconds, cpuTimes: row.cpuSeconds / own.cpuSeconds };
    rows.push({ ...row, ...ratios, output: outputs === undefined ? '' : compared(outputs) });
  }
  publish(
    {
      benchmark: title,
      note: `${data}, median of ${repetitions}; whole processes; the last columns compare the peer's time and output with ours`,
      columns: [
        { heading: 'command', value: ({ name }) => name },
        { heading: 'lines', value: ({ lines }) => lines },
        { heading: 'seconds', value: ({ seconds }) => seconds, digits: 2 },
        { heading: 'CPU s', value: ({ cpuSeconds }) => cpuSeconds, digits: 2 },
        { heading: 'MiB', value: ({ peakBytes }) => peakBytes / 2 ** 20 },
        { heading: 'times', value: ({ times }) => times, digits: 1 },
        { heading: 'CPU times', value: ({ cpuTimes }) => cpuTimes, digits: 1 },
        { heading: 'output', value: ({ output }) => output },
      ],
      rows,
    },
    options,
  );
}

const linesOf = (file: string): string[] => readFileSync(file, 'utf8').split('\n').slice(0, -1);

function compared([ours, theirs]: readonly [string, string]): string {
  const [left, right] = [linesOf(ours), linesOf(theirs)];
  if (left.length !== right.length) return `${left.length} and ${right.length} lines`;
  const differing = left.filter((line, at) => line !== right[at]).length;
  return differing === 0 ? 'equal' : `${differing} lines differ`;
}

function rowOf(name: string, lines: number, runs: readonly ProcessRun[]): Row {
  return {
    name,
    lines,
    seconds: median(runs.map(({ seconds }) => seconds)),
    cpuSeconds: median(runs.map(({ cpuSeconds }) => cpuSeconds)),
    peakBytes: Math.max(...runs.map(({ peakBytes }) => peakBytes)),
    times: Number.NaN,
    cpuTimes: Number.NaN,
    output: '',
  };
}
