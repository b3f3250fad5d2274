/** Options of a command as a sweep file gives them: names as on the command line, without the dashes. */
export type CommandOptions = Readonly<Record<string, OptionValue>>;
/** The value of an option in a sweep file. */
export type OptionValue = string | number | boolean | readonly (string | number)[];

/** The value of an option of several words, which a sweep file may join with `-` or `_`. */
export const optionOf = (options: CommandOptions, name: string): OptionValue | undefined =>
  options[name] ?? options[name.replaceAll('-', '_')];

/** Whether a translation is made with the probe that `analyze` trains: `checkpoint: probe` in a sweep file. */
export const usesProbe = ({ checkpoint }: CommandOptions): boolean => checkpoint === 'probe';

/** What a sweep file describes. */
export interface SweepPlan extends SweepDescription {
  /** The folder that gets one folder per run. */
  readonly output: string;
  /** Every combination of one value per axis; the last axis changes fastest. */
  readonly runs: readonly RunPlan[];
}

/** What a report says of a sweep beside its runs; `sweep.json` in its folder. */
export interface SweepDescription {
  readonly title: string | null;
  readonly axes: readonly Axis[];
  /** The planned comparisons: pairs of values of an axis, the system that should be better first. */
  readonly compare: readonly PlannedComparison[];
  /** The translations, by their names before lists are tried, of which the best on `validation` counts on `test`. */
  readonly tune: { readonly validation: string; readonly test: string } | null;
  readonly published: readonly PublishedScores[];
}

/** Scores that others published for systems of the grid. A report shows them as they are and compares nothing with them. */
export interface PublishedScores {
  readonly source: string;
  readonly scores: readonly PublishedScore[];
}

/** The score of the systems with these values on some of the axes. */
export interface PublishedScore {
  readonly values: Readonly<Record<string, string>>;
  readonly text: string; // e.g. `35.50 ± 0.11`
}

/** Two values of an axis that the report compares. */
export interface PlannedComparison {
  readonly axis: string;
  readonly values: readonly [string, string];
}

/** One dimension of the grid: its name and the names of its values. */
export interface Axis {
  readonly name: string;
  readonly values: readonly string[];
}

/** The axis whose values repeat a system instead of making another one. */
export const REPLICATES = 'seed';

/** One combination of the grid: train, average, generate, analyze. */
export interface RunPlan {
  /** The name of its folder, e.g. `de-en,el-ls,seed=3`. */
  readonly name: string;
  /** The name of its value on each axis. */
  readonly values: Readonly<Record<string, string>>;
  /** The data folder of `preprocess`. */
  readonly data: string;
  readonly train: CommandOptions;
  /** null: the best checkpoint translates. */
  readonly average: CommandOptions | null;
  /** How references and translations become text for sacreBLEU and chrF: Moses's detokenizer, or null for not at all. */
  readonly detokenize: 'moses' | null;
  /** The options of each translation, by the name of its folder; with `checkpoint: probe`, the analysis's probe translates. */
  readonly generate: Readonly<Record<string, CommandOptions>>;
  readonly analyze: CommandOptions | null;
}

/** One combination of a grid: the name of its run and of its value on each axis. */
export type GridPoint = Pick<RunPlan, 'name' | 'values'>;

/** Every combination of one value per axis; the last axis changes fastest. */
export const gridOf = (axes: readonly Axis[]): GridPoint[] =>
  product(axes.map(({ values }) => values)).map((chosen) => ({
    name: chosen.join(',') || 'run',
    values: Object.fromEntries(chosen.map((value, index) => [axes[index]!.name, value])),
  }));

/** Every way to take one element from each list; the last list changes fastest. */
export function product<T>(lists: readonly (readonly T[])[]): T[][] {
  return lists.reduce<T[][]>((rows, list) => rows.flatMap((row) => list.map((one) => [...row, one])), [[]]);
}
