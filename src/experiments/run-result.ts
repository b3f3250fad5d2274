import * as v from 'valibot';
import { writeAtomically } from '../checkpoint/atomic-file.js';
import { UserError } from '../errors.js';
import { inferLanguagePair, type LanguagePair } from '../tasks/language-pair.js';
import { readLines } from '../text/lines.js';
import { createMosesDetokenizer } from '../text/moses/detokenizer.js';
import { linePerField, readJson, recordOf } from './json-file.js';
import { type Provenance, provenanceSchema } from './provenance.js';
import type { RunState } from './run-state.js';
import { runFiles, translationFile } from './run-steps.js';
import { type CommandOptions, optionOf, type RunPlan } from './sweep-plan.js';
import { parseTrainingLog, type TrainingLog, trainingLogSchema } from './training-log.js';
import {
  readTranslations,
  scoreTranslations,
  type TranslationResult,
  translationSchema,
} from './translation-result.js';

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
  /** What began its training. */
  readonly provenance: Provenance;
  /** What resumed its training, if it was something else. */
  readonly resumedBy: readonly Provenance[];
  readonly seconds: Readonly<Record<string, number>>; // by step
  readonly training: TrainingLog;
  readonly translations: Readonly<Record<string, TranslationResult>>;
  /** The languages for Moses's detokenizer; null if translations were scored as they are. */
  readonly detokenize: LanguagePair | null;
}

/**
 * Gathers what the commands of a run wrote, and writes its `result.json`.
 * @param here what collects it, which counts if nothing says what trained it
 */
export function collectResult(run: RunPlan, folder: string, state: RunState, here: Provenance): void {
  const { name, values, data, train, average, generate, analyze } = run;
  const languages = run.detokenize === 'moses' ? languagesOf(run) : null;
  const detokenize = languages === null ? (line: string) => line : createMosesDetokenizer(languages.target);
  const [provenance, ...resumedBy] = state.trainedBy ?? trainersInResult(folder) ?? [here];
  const result: RunResult = {
    name,
    values,
    data,
    options: { train, average, generate, analyze },
    provenance: provenance ?? here,
    resumedBy,
    seconds: Object.fromEntries(Object.entries(state.finished).map(([step, { seconds }]) => [step, seconds])),
    training: parseTrainingLog(readLines(runFiles.trainingLog(folder))),
    translations: Object.fromEntries(
      Object.entries(generate).map(([name, options]) => [
        name,
        scoreTranslations(readTranslations(translationFile(folder, name, options)), detokenize),
      ]),
    ),
    detokenize: languages,
  };
  writeAtomically(runFiles.result(folder), [Buffer.from(`${linePerField(result)}\n`)]);
}

/** What trained a run according to its last result; null without one that can be read. */
function trainersInResult(folder: string): readonly Provenance[] | null {
  try {
    const { provenance, resumedBy } = readResult(folder);
    return [provenance, ...resumedBy];
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}

/** The languages that the options of the training name, or else those of its data. */
function languagesOf({ data, train }: RunPlan): LanguagePair {
  const source = optionOf(train, 'source-lang') ?? train.s;
  const target = optionOf(train, 'target-lang') ?? train.t;
  if (source !== undefined && target !== undefined) return { source: String(source), target: String(target) };
  const inferred = inferLanguagePair(data.split(':')[0]!);
  return { source: String(source ?? inferred.source), target: String(target ?? inferred.target) };
}

const commandOptions: v.GenericSchema<unknown, CommandOptions> = recordOf(
  v.union([v.string(), v.number(), v.boolean(), v.array(v.union([v.string(), v.number()]))]),
);

const schema: v.GenericSchema<unknown, RunResult> = v.object({
  name: v.string(),
  values: recordOf(v.string()),
  data: v.string(),
  options: v.object({
    train: commandOptions,
    average: v.nullable(commandOptions),
    generate: recordOf(commandOptions),
    analyze: v.nullable(commandOptions),
  }),
  provenance: provenanceSchema,
  resumedBy: v.optional(v.array(provenanceSchema), []),
  seconds: recordOf(v.number()),
  training: trainingLogSchema,
  translations: recordOf(translationSchema),
  detokenize: v.optional(v.nullable(v.object({ source: v.string(), target: v.string() })), null),
});

/** @throws UserError if the file is missing or damaged */
export const readResult = (folder: string): RunResult =>
  readJson(runFiles.result(folder), schema, 'delete it and repeat the sweep, which writes it again');
