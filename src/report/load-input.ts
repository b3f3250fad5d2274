import { existsSync, realpathSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { UserError } from '../errors.js';
import { descriptionFile, readDescription } from '../experiments/description-file.js';
import { type Axis, gridOf, type SweepDescription } from '../experiments/sweep-plan.js';
import { loadLogFile, loadRun } from './load-run.js';
import type { ReportInput, ReportRun } from './report-run.js';

/**
 * Reads what is there of a sweep or of runs.
 * @param paths the folder of a sweep, or folders of runs and log files
 * @throws UserError if a path is missing, a file is damaged or nothing is there to report
 */
export function loadInput(paths: readonly string[]): ReportInput {
  for (const path of paths) {
    if (!existsSync(path)) throw new UserError(`${path} does not exist`, 'give the folder of a sweep or of a run');
  }
  const sweeps = paths.filter((path) => existsSync(descriptionFile(path)));
  if (sweeps.length > 0 && paths.length > 1) {
    throw new UserError(`${sweeps[0]} is a sweep, but ${paths.length} paths are given`, 'give only the sweep');
  }
  const input = sweeps.length > 0 ? loadSweep(paths[0]!) : loadRuns(paths);
  if (input.runs.every(isEmpty)) {
    const where = paths.join(' ');
    throw new UserError(`${where}: no results, logs or translations to report`, 'train first, or name another folder');
  }
  return input;
}

const isEmpty = ({ training, translations, analysis }: ReportRun): boolean =>
  (training === null || training.epochs.length === 0) && translations.size === 0 && analysis === null;

function loadSweep(folder: string): ReportInput {
  const description = readDescription(folder);
  const runs = gridOf(description.axes).map(({ name, values }) =>
    loadRun(join(folder, name), name, { values, isPlanned: true }),
  );
  return { description: { ...description, title: description.title ?? nameOf(folder) }, runs };
}

function loadRuns(paths: readonly string[]): ReportInput {
  checkDistinct(paths);
  const names = distinctNames(paths);
  const runs = paths.map((path, index) =>
    statSync(path).isDirectory()
      ? loadRun(path, names[index]!, { values: null, isPlanned: false })
      : loadLogFile(path, names[index]!),
  );
  const title = runs.length === 1 ? runs[0]!.name : `${runs.length} runs`;
  const describe = (axes: readonly Axis[]): SweepDescription => ({
    title,
    axes,
    compare: [],
    tune: null,
    published: [],
  });
  const shared = sharedAxes(runs);
  if (shared !== null) return { description: describe(shared), runs };
  // Runs of different grids, or of none: each is a system of its own.
  const named = runs.map((run) => ({ ...run, values: { run: run.name } }));
  return { description: describe([{ name: 'run', values: names }]), runs: named };
}

function checkDistinct(paths: readonly string[]): void {
  const seen = new Map<string, string>();
  for (const path of paths) {
    const place = realpathSync(path);
    const earlier = seen.get(place);
    if (earlier !== undefined) {
      const problem = earlier === path ? `${path} is given twice` : `${path} is the same as ${earlier}`;
      throw new UserError(problem, 'name each run once');
    }
    seen.set(place, path);
  }
}

/** The axes of runs of one grid, with the values that occur; null if they are not all of one grid. */
function sharedAxes(runs: readonly ReportRun[]): Axis[] | null {
  const names = Object.keys(runs[0]!.values);
  const same = ({ values }: ReportRun): boolean => Object.keys(values).join('\n') === names.join('\n');
  const places = new Set(runs.map(({ values }) => JSON.stringify(values)));
  if (names.length === 0 || !runs.every(same) || places.size < runs.length) return null;
  return names.map((name) => ({ name, values: [...new Set(runs.map(({ values }) => values[name]!))] }));
}

/** The last part of each path, or the path as given if two of them end the same. */
function distinctNames(paths: readonly string[]): string[] {
  const names = paths.map(nameOf);
  return new Set(names).size === names.length ? names : [...paths];
}

const nameOf = (path: string): string => basename(resolve(path));
