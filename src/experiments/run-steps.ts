import { join } from 'node:path';
import type { CommandOptions, OptionValue, RunPlan } from './sweep-plan.js';

/** One command of a run. */
export interface Step {
  /** `train`, `average-checkpoints`, `generate NAME` or `analyze`. */
  readonly name: string;
  /** The command line after `ts-fairseq`. */
  readonly argv: readonly string[];
  /** What the step computes from, without paths and threads. A finished step is repeated if this changes. */
  readonly signature: string;
}

/** Where the files of a run lie. */
export const runFiles = {
  checkpoints: (folder: string): string => join(folder, 'checkpoints'),
  trainingLog: (folder: string): string => join(folder, 'train.log'),
  averaged: (folder: string): string => join(folder, 'averaged'),
  translations: (folder: string, name: string): string => join(folder, 'generate', name),
  analysis: (folder: string): string => join(folder, 'analysis'),
  /** What the commands print. */
  output: (folder: string): string => join(folder, 'output.txt'),
  state: (folder: string): string => join(folder, 'state.json'),
  result: (folder: string): string => join(folder, 'result.json'),
} as const;

/** The value of an option of several words, which a sweep file may join with `-` or `_`. */
export const optionOf = (options: CommandOptions, name: string): OptionValue | undefined =>
  options[name] ?? options[name.replaceAll('-', '_')];

/** The split that a translation of a run translates. */
export const splitOf = (options: CommandOptions): string => String(optionOf(options, 'gen-subset') ?? 'test');

/** The file in which `generate` writes a translation of a run. */
export const translationFile = (folder: string, name: string, options: CommandOptions): string =>
  join(runFiles.translations(folder, name), `generate-${splitOf(options)}.txt`);

/** The checkpoint of a run that translates. */
export const modelOf = (run: RunPlan, folder: string): string =>
  run.average === null ? join(runFiles.checkpoints(folder), 'checkpoint_best') : runFiles.averaged(folder);

/** The commands of a run, in order. */
export function stepsOf(run: RunPlan, folder: string, threads: number): Step[] {
  const checkpoints = runFiles.checkpoints(folder);
  const path = modelOf(run, folder);
  const computing = ['--threads', String(threads)];
  const steps: Step[] = [
    {
      name: 'train',
      argv: [
        ...['train', run.data, ...flags(run.train), '--save-dir', checkpoints],
        ...['--log-format', 'json', '--log-file', runFiles.trainingLog(folder), ...computing],
      ],
      signature: JSON.stringify([run.data, sorted(run.train)]),
    },
  ];
  if (run.average !== null) {
    steps.push({
      name: 'average-checkpoints',
      argv: [...['average-checkpoints', '--inputs', checkpoints, '--output', path], ...flags(run.average)],
      signature: JSON.stringify(sorted(run.average)),
    });
  }
  for (const [name, options] of Object.entries(run.generate)) {
    const results = ['--results-path', runFiles.translations(folder, name)];
    steps.push({
      name: `generate ${name}`,
      argv: ['generate', run.data, '--path', path, ...flags(options), ...results, ...computing],
      signature: JSON.stringify([sorted(run.average ?? {}), sorted(options)]),
    });
  }
  if (run.analyze !== null) {
    steps.push({
      name: 'analyze',
      argv: [
        ...['analyze', path, '--data', run.data, ...flags(run.analyze)],
        ...['--output', runFiles.analysis(folder), ...computing],
      ],
      signature: JSON.stringify([sorted(run.average ?? {}), sorted(run.analyze)]),
    });
  }
  return steps;
}

/** The same options in the order of their names. */
const sorted = (options: CommandOptions): CommandOptions =>
  Object.fromEntries(Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1)));

/** Options as typed: `true` is a flag alone, `false` leaves it out, numbers are joined by commas. */
function flags(options: CommandOptions): string[] {
  return Object.entries(options).flatMap(([name, value]) => {
    const flag = `--${name}`;
    if (typeof value === 'boolean') return value ? [flag] : [];
    return [flag, ...valuesOf(value)];
  });
}

function valuesOf(value: Exclude<OptionValue, boolean>): string[] {
  if (typeof value !== 'object') return [String(value)];
  return value.every((one) => typeof one === 'number') ? [value.join(',')] : value.map(String);
}
