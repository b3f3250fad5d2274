import { join } from 'node:path';
import type { Analysis } from '../analysis/analysis.js';
import { gradientLines, marginLines, reliabilityLines } from '../analysis/csv.js';
import { UserError } from '../errors.js';
import { writeFilesAtomically } from '../text/lines.js';
import { linePerField } from './json-file.js';

/**
 * Writes `analysis.json`, or one JSON file per checkpoint if there are several, and CSV files of all of them:
 * `margins.csv`, `reliability.csv` and `gradients.csv`. The folder exists.
 * @param names of the checkpoints
 */
export function writeAnalyses(folder: string, analyses: readonly Analysis[], names: readonly string[]): void {
  const json = analyses.map((analysis, index) => ({
    path: join(folder, `${analyses.length === 1 ? 'analysis' : names[index]!}.json`),
    content: [linePerField(analysis)],
  }));
  writeFilesAtomically([
    ...json,
    { path: join(folder, 'margins.csv'), content: marginLines(analyses) },
    { path: join(folder, 'reliability.csv'), content: reliabilityLines(analyses) },
    { path: join(folder, 'gradients.csv'), content: gradientLines(analyses) },
  ]);
}

/**
 * Short names of checkpoints: as many of the last parts of their paths as tell them apart, joined by `-`.
 * @throws UserError if one is named twice
 */
export function distinctNames(stems: readonly string[]): string[] {
  const paths = stems.map((stem) =>
    stem
      .replace(/\.safetensors$/, '')
      .split(/[/\\]+/)
      .filter((part) => part !== ''),
  );
  const longest = Math.max(...paths.map(({ length }) => length));
  for (let parts = 1; parts <= longest; parts++) {
    const names = paths.map((path) => path.slice(-parts).join('-'));
    if (new Set(names).size === names.length) return names;
  }
  const twice = stems.find((stem, index) => stems.indexOf(stem) < index) ?? stems[0]!;
  throw new UserError(`${twice} is named twice`, 'name each checkpoint once');
}
