import { writeAtomically } from '../checkpoint/atomic-file.js';
import { inferLanguagePair } from '../tasks/language-pair.js';
import { readLines } from '../text/lines.js';
import { createMosesDetokenizer } from '../text/moses/detokenizer.js';
import { linePerField, readJson } from './json-file.js';
import type { RunState } from './run-state.js';
import { optionOf, runFiles, translationFile } from './run-steps.js';
import type { CommandOptions, RunPlan } from './sweep-plan.js';
import { parseTrainingLog, type TrainingLog } from './training-log.js';
import { readTranslations, scoreTranslations, type TranslationResult } from './translation-result.js';

/** What computed a run. */
export interface Provenance {
  readonly version: string;
  /** The commit of the git checkout, ending in `-dirty` if files differed from it; null outside of a checkout. */
  readonly commit: string | null;
  readonly node: string;
  readonly processor: string;
}

/** What a run of a sweep came to: its `result.json`. */
export interface RunResult {
  readonly name: string;
  /** The name of its value on each axis of the grid. */
  readonly values: Readonly<Record<string, string>>;
  readonly data: string;
  readonly options: {
    readonly train: CommandOptions;
    readonly average: CommandOptions | null;
    readonly generate: Readonly<Record<string, CommandOptions>>;
    readonly analyze: CommandOptions | null;
  };
  readonly provenance: Provenance;
  readonly seconds: Readonly<Record<string, number>>; // by step
  readonly training: TrainingLog;
  readonly translations: Readonly<Record<string, TranslationResult>>;
}

/** Gathers what the commands of a run wrote, and writes its `result.json`. */
export function collectResult(run: RunPlan, folder: string, state: RunState, provenance: Provenance): void {
  const { name, values, data, train, average, generate, analyze } = run;
  const result: RunResult = {
    name,
    values,
    data,
    options: { train, average, generate, analyze },
    provenance,
    seconds: Object.fromEntries(Object.entries(state.finished).map(([step, { seconds }]) => [step, seconds])),
    training: parseTrainingLog(readLines(runFiles.trainingLog(folder))),
    translations: Object.fromEntries(
      Object.entries(generate).map(([name, options]) => [name, resultOf(run, folder, name, options)]),
    ),
  };
  writeAtomically(runFiles.result(folder), [Buffer.from(`${linePerField(result)}\n`)]);
}

function resultOf(run: RunPlan, folder: string, name: string, options: CommandOptions): TranslationResult {
  const lines = readTranslations(translationFile(folder, name, options));
  const detokenize =
    run.detokenize === 'moses' ? createMosesDetokenizer(targetLanguage(run, options)) : (line: string) => line;
  return scoreTranslations(lines, detokenize);
}

function targetLanguage({ data }: RunPlan, options: CommandOptions): string {
  const named = optionOf(options, 'target-lang') ?? options.t;
  return named === undefined ? inferLanguagePair(data.split(':')[0]!).target : String(named);
}

/** @throws UserError if the file is missing or damaged */
export function readResult(folder: string): RunResult {
  const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;
  return readJson<RunResult>(
    runFiles.result(folder),
    ({ values, options, provenance, seconds, training, translations }) =>
      [values, options, options?.generate, provenance, seconds, translations].every(isObject) &&
      Array.isArray(training?.epochs),
    'delete it and repeat the sweep, which writes it again',
  );
}
