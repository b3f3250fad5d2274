import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Analysis } from '../analysis/analysis.js';
import { UserError } from '../errors.js';
import { analysisSchema } from '../experiments/analysis-schema.js';
import { readJson } from '../experiments/json-file.js';
import { type RunResult, readResult } from '../experiments/run-result.js';
import { readState } from '../experiments/run-state.js';
import { runFiles, splitOf, translationFile } from '../experiments/run-steps.js';
import { usesProbe } from '../experiments/sweep-plan.js';
import { parseTrainingLog, type TrainingLog } from '../experiments/training-log.js';
import {
  readTranslations,
  STATISTICS_WIDTH,
  scoreTranslations,
  type TranslationResult,
  unpackStatistics,
} from '../experiments/translation-result.js';
import { readLines, readText } from '../text/lines.js';
import type { ReportRun, ScoredTranslation } from './report-run.js';

interface Place {
  /** The run's values on the axes of its sweep; null if only its result knows them. */
  readonly values: Readonly<Record<string, string>> | null;
  /** Whether the run belongs to a sweep whose description was read. */
  readonly isPlanned: boolean;
}

/** Reads what is there of a run. @throws UserError if a file is damaged */
export function loadRun(folder: string, name: string, { values, isPlanned }: Place): ReportRun {
  const hasState = existsSync(runFiles.state(folder));
  const { state, error } = hasState || isPlanned ? readState(folder) : { state: 'log' as const, error: undefined };
  const result = existsSync(runFiles.result(folder)) ? readResult(folder) : null;
  const common = {
    name,
    state: result !== null && !hasState ? ('done' as const) : state,
    error: error ?? null,
    resolved: readResolved(join(runFiles.checkpoints(folder), 'config.yaml')),
    analysis: readAnalysis(join(runFiles.analysis(folder), 'analysis.json')),
  };
  if (result === null) {
    return {
      ...common,
      values: values ?? {},
      data: null,
      options: null,
      provenance: null,
      resumedBy: [],
      seconds: {},
      training: readLog(folder),
      // A run that a sweep has not finished may have translations of half a split.
      translations: hasState ? new Map() : scoreFolder(folder),
    };
  }
  return {
    ...common,
    values: values ?? result.values,
    data: result.data,
    options: result.options,
    provenance: result.provenance,
    resumedBy: result.resumedBy,
    seconds: result.seconds,
    training: result.training,
    translations: new Map(
      Object.entries(result.translations).map(([translation, scores]) => [
        translation,
        fromResult(folder, translation, scores, result),
      ]),
    ),
  };
}

/** A run of which only the log of its training is there, fairseq's or ours. */
export function loadLogFile(path: string, name: string): ReportRun {
  return {
    name,
    values: {},
    state: 'log',
    error: null,
    data: null,
    options: null,
    resolved: null,
    provenance: null,
    resumedBy: [],
    seconds: {},
    training: parseTrainingLog(readLines(path)),
    translations: new Map(),
    analysis: null,
  };
}

function readAnalysis(path: string): Analysis | null {
  if (!existsSync(path)) return null;
  return readJson(path, analysisSchema, 'repeat ts-fairseq analyze, which writes it again');
}

/** Names and values of the options of a training. */
function readResolved(path: string): Readonly<Record<string, unknown>> | null {
  if (!existsSync(path)) return null;
  const text = readText(path);
  try {
    const value: unknown = parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Readonly<Record<string, unknown>>;
  } catch {}
  throw new UserError(`${path} is damaged`, 'delete it, and the report will be written without it');
}

/** The log of a training: `train.log`, or the one file of the folder that ends in .log. */
function readLog(folder: string): TrainingLog | null {
  const ours = runFiles.trainingLog(folder);
  if (existsSync(ours)) return parseTrainingLog(readLines(ours));
  const logs = filesOf(folder).filter((file) => file.endsWith('.log'));
  if (logs.length > 1) {
    throw new UserError(`${folder} has ${logs.length} logs: ${logs.join(' ')}`, 'name the one to report: FOLDER/FILE');
  }
  return logs.length === 1 ? parseTrainingLog(readLines(join(folder, logs[0]!))) : null;
}

/**
 * Translations that `generate` of ours or fairseq's left: `generate/NAME/generate-SPLIT.txt`, or without the folders. Without
 * a NAME they are called by their split.
 */
function scoreFolder(folder: string): Map<string, ScoredTranslation> {
  const results = join(folder, 'generate');
  const named = filesOf(results)
    .map((name) => ({ name, place: join(results, name) }))
    .filter(({ place }) => statSync(place).isDirectory());
  const places = [...named, { name: null, place: results }, { name: null, place: folder }];
  const found = places.flatMap(({ name, place }) =>
    filesOf(place).flatMap((file) => {
      const split = /^generate-(.+)\.txt$/.exec(file)?.[1];
      return split === undefined ? [] : [{ name: name ?? split, split, path: join(place, file) }];
    }),
  );
  return new Map(found.map(({ name, split, path }) => [name, scoreFile(path, split)]));
}

function scoreFile(path: string, split: string): ScoredTranslation {
  const lines = readTranslations(path);
  // generate detokenizes the lines T and D, but not H. Its own BLEU, ours and fairseq's, is that of D too.
  const scores = scoreTranslations({ ...lines, hypotheses: lines.detokenized }, (line) => line);
  return { ...common(scores, path), split, isFromProbe: false, path, detokenized: null, languages: null };
}

function fromResult(folder: string, name: string, scores: TranslationResult, result: RunResult): ScoredTranslation {
  const options = result.options.generate[name] ?? {};
  const path = translationFile(folder, name, options);
  const { sacrebleu, sacrebleuSignature: signature, chrf } = scores;
  return {
    ...common(scores, `${runFiles.result(folder)}: ${name}`),
    split: splitOf(options),
    isFromProbe: usesProbe(options),
    path: existsSync(path) ? path : null,
    detokenized: { sacrebleu, signature, chrf },
    languages: result.detokenize,
  };
}

function common(scores: TranslationResult, where: string) {
  const { bleu, brevityPenalty, lengthRatio, sentences } = scores;
  const statistics = unpacked(scores);
  if (statistics?.length !== sentences * STATISTICS_WIDTH) {
    throw new UserError(`${where}: the statistics are damaged`, 'repeat the sweep without this file');
  }
  return { bleu, brevityPenalty, lengthRatio, statistics };
}

function unpacked({ statistics }: TranslationResult): Uint16Array | null {
  try {
    return unpackStatistics(statistics);
  } catch {
    return null; // not base64 of what deflate wrote
  }
}

/** Names of what is in a folder, in order; none if there is no folder. */
function filesOf(folder: string): string[] {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return [];
  return readdirSync(folder).sort();
}
