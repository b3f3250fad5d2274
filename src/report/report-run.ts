import type { Analysis } from '../analysis/analysis.js';
import type { Provenance } from '../experiments/provenance.js';
import type { RunResult } from '../experiments/run-result.js';
import type { RunState } from '../experiments/run-state.js';
import type { CommandOptions, SweepDescription } from '../experiments/sweep-plan.js';
import type { TrainingLog } from '../experiments/training-log.js';

/** What a report is made from. */
export interface ReportInput {
  readonly description: SweepDescription;
  /** In the order of the grid, or in the order given. */
  readonly runs: readonly ReportRun[];
}

/** One run as far as its files tell. What a run does not have is null or empty. */
export interface ReportRun {
  readonly name: string;
  /** The name of its value on each axis. */
  readonly values: Readonly<Record<string, string>>;
  /** `log`: no sweep's run, so nothing says whether it is done. */
  readonly state: RunState['state'] | 'log';
  /** Why it failed. */
  readonly error: string | null;
  readonly data: string | null;
  readonly options: RunOptions | null;
  /** Every option of its training with its value, from the checkpoints' config.yaml; names with underscores. */
  readonly resolved: Readonly<Record<string, unknown>> | null;
  /** What began its training. */
  readonly provenance: Provenance | null;
  /** What resumed its training, if it was something else. */
  readonly resumedBy: readonly Provenance[];
  readonly seconds: Readonly<Record<string, number>>; // by step
  readonly training: TrainingLog | null;
  readonly translations: ReadonlyMap<string, ScoredTranslation>;
  readonly analysis: Analysis | null;
}

/** The options of a run, by command. */
export interface RunOptions {
  readonly train: CommandOptions;
  readonly average: CommandOptions | null;
  readonly generate: Readonly<Record<string, CommandOptions>>;
  readonly analyze: CommandOptions | null;
}

/** The scores of a translation of a run. */
export interface ScoredTranslation {
  readonly split: string;
  /** Whether the analysis's probe made it, not the model. */
  readonly isFromProbe: boolean;
  /** What `generate` wrote; null if it is gone. */
  readonly path: string | null;
  readonly bleu: number; // tokenized
  readonly brevityPenalty: number;
  readonly lengthRatio: number;
  /** Null if nothing says how to detokenize the references. */
  readonly detokenized: { readonly sacrebleu: number; readonly signature: string; readonly chrf: number } | null;
  readonly statistics: Uint16Array; // [sentences × 6]
  /** The languages for Moses's detokenizer, where the texts at `path` are tokens; null where they are shown as they are. */
  readonly languages: RunResult['detokenize'];
}
