import { join } from 'node:path';
import { type CommandOptions, type OptionValue, optionOf, type RunPlan, usesProbe } from './sweep-plan.js';

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

/** The split that a translation of a run translates. */
export const splitOf = (options: CommandOptions): string => String(optionOf(options, 'gen-subset') ?? 'test');

/** The file in which `generate` writes a translation of a run. */
export const translationFile = (folder: string, name: string, options: CommandOptions): string =>
  join(runFiles.translations(folder, name), `generate-${splitOf(options)}.txt`);

/** The checkpoint of a run that is analyzed and, except for probes, translates. */
const modelOf = (run: RunPlan, folder: string): string =>
  run.average === null ? join(runFiles.checkpoints(folder), 'checkpoint_best') : runFiles.averaged(folder);

/** The commands of a run, in order. A probe translates after the analysis that trains it. */
export function stepsOf(run: RunPlan, folder: string, threads: number): Step[] {
  const checkpoints = runFiles.checkpoints(folder);
  const path = modelOf(run, folder);
  const computing = ['--threads', String(threads)];
  const average = sorted(run.average ?? {});
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
      signature: JSON.stringify(average),
    });
  }
  const generate = (name: string, from: string, options: CommandOptions, madeBy: readonly CommandOptions[]): Step => ({
    name: `generate ${name}`,
    argv: [
      ...['generate', run.data, '--path', from, ...flags(options)],
      ...['--results-path', runFiles.translations(folder, name), ...computing],
    ],
    signature: JSON.stringify([...madeBy, sorted(options)]),
  });
  const translations = Object.entries(run.generate);
  for (const [name, options] of translations) {
    if (!usesProbe(options)) steps.push(generate(name, path, options, [average]));
  }
  if (run.analyze !== null) {
    const analyze = sorted(run.analyze);
    steps.push({
      name: 'analyze',
      argv: [
        ...['analyze', path, '--data', run.data, ...flags(run.analyze)],
        ...['--output', runFiles.analysis(folder), ...computing],
      ],
      signature: JSON.stringify([average, analyze]),
    });
    for (const [name, { checkpoint: _, ...options }] of translations.filter(([, options]) => usesProbe(options))) {
      steps.push(generate(name, join(runFiles.analysis(folder), 'probe'), options, [average, analyze]));
    }
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
