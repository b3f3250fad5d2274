import { join } from 'node:path';
import { writeAtomically } from '../checkpoint/atomic-file.js';
import { UserError } from '../errors.js';
import { inferLanguagePair } from '../tasks/language-pair.js';
import { readLines, readText } from '../text/lines.js';
import { createMosesDetokenizer } from '../text/moses/detokenizer.js';
import type { RunState } from './run-state.js';
import { runFiles } from './run-steps.js';
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
  const lines = Object.entries(result).map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  writeAtomically(runFiles.result(folder), [Buffer.from(`{\n${lines.join(',\n')}\n}\n`)]);
}

function resultOf(run: RunPlan, folder: string, name: string, options: CommandOptions): TranslationResult {
  const split = String(options['gen-subset'] ?? options.gen_subset ?? 'test');
  const lines = readTranslations(join(runFiles.translations(folder, name), `generate-${split}.txt`));
  const detokenize =
    run.detokenize === 'moses' ? createMosesDetokenizer(targetLanguage(run, options)) : (line: string) => line;
  return scoreTranslations(lines, detokenize);
}

function targetLanguage({ data }: RunPlan, options: CommandOptions): string {
  const named = options['target-lang'] ?? options.target_lang ?? options.t;
  return named === undefined ? inferLanguagePair(data.split(':')[0]!).target : String(named);
}

/** @throws UserError if the file is missing or damaged */
export function readResult(folder: string): RunResult {
  const path = runFiles.result(folder);
  const text = readText(path);
  try {
    return JSON.parse(text) as RunResult;
  } catch {
    throw new UserError(`${path} is damaged`, 'delete it and run the sweep again, which rewrites it');
  }
}
