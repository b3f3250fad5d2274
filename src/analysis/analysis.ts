import type { Calibration } from './calibration.js';
import type { Energies } from './energy.js';
import type { GradientShare } from './gradient-share.js';
import type { Margins } from './margin.js';

/** What `analyze` finds out about a checkpoint on a split: teacher-forced, dropout off, `</s>` counted, padding not. */
export interface Analysis {
  readonly checkpoint: string;
  readonly data: string;
  readonly split: string;
  readonly rows: number;
  readonly classes: number;
  /** The mean of −log p_y, in nats. */
  readonly nll: number;
  readonly energies: Energies;
  readonly margins: Margins;
  readonly calibration: Calibration;
  /**
   * Of each criterion at this checkpoint, by its label, e.g. `CE`, `EL, LE 0.5`. The checkpoint's own comes first. Each
   * label occurs once.
   */
  readonly criterions: readonly CriterionGradients[];
  /** The batches behind `norm`; null if no norms were computed. */
  readonly gradientBatches: GradientBatches | null;
  readonly probe: Probe | null;
}

/** Batches over which the norms of gradients were averaged. */
export interface GradientBatches {
  readonly split: string;
  readonly batches: number;
  readonly tokens: number; // target tokens of all of them, with `</s>`
}

/** The gradient of a criterion at a checkpoint. */
export interface CriterionGradients {
  readonly label: string;
  /**
   * The norm over all weights of the gradient of loss / sample size of a batch, unclipped, averaged over batches; null if
   * norms were not computed.
   */
  readonly norm: number | null;
  /** `norm` divided by that of cross entropy on the same batches. */
  readonly relativeNorm: number | null;
  /** |∂L/∂f_y| by p_y, over the rows of the split. */
  readonly share: GradientShare;
}

/** A new output projection, trained alone with cross entropy on the frozen features (paper, section 5.3). */
export interface Probe {
  readonly epochs: number;
  readonly learningRate: number;
  readonly accuracy: number; // on the split
  readonly nll: number; // nats, on the split
}
