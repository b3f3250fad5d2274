import type { Machine } from '../checkpoint/metadata.js';
import type { Profiler } from '../devices/profile.js';
import type { OpenedDevice } from '../ops/opened-device.js';
import type { ArenaKernels } from '../optim/arena-kernels.js';
import type { OptionsOf, OptionValues } from '../options/schema.js';
import type { CriterionDefinition } from '../plugins/criterion.js';
import type { LrSchedulerDefinition } from '../plugins/lr-scheduler.js';
import type { ArchitectureDefinition } from '../plugins/model.js';
import type { OptimizerDefinition } from '../plugins/optimizer.js';
import { translationOptions } from '../tasks/translation.js';
import {
  averageOptions,
  checkpointOptions,
  datasetOptions,
  evaluationOptions,
  lossOptions,
  optimizationOptions,
  seedOption,
} from './options.js';

/** Every option of training that is not a plug-in's own. */
export const trainingOptions = {
  ...translationOptions,
  ...datasetOptions,
  ...optimizationOptions,
  ...checkpointOptions,
  ...averageOptions,
  ...evaluationOptions,
  ...lossOptions,
  ...seedOption,
} as const;

/** The values of `trainingOptions`. */
export type TrainingOptions = OptionsOf<typeof trainingOptions>;

/** Options that say where a run is put and when it ends; they do not change what it computes and are not recorded. */
export const UNRECORDED_OPTIONS: ReadonlySet<string> = new Set([
  'saveDir',
  'restoreFile',
  'userDir',
  'config',
  'maxEpoch',
  'maxUpdate',
  'stopTimeHours',
  'numWorkers',
  'logFormat',
  'logFile',
  'logInterval',
  'noProgressBar',
  'tensorboardLogdir',
  'profile',
  'device',
  'threads',
  'cpu',
  'bf16',
  'fp16',
]);

/** Everything that `train` needs to know. */
export interface TrainRequest {
  /** Data folders made by `preprocess`, separated by colons: one an epoch. */
  readonly data: string;
  readonly options: TrainingOptions;
  /** The options of the plug-ins, by key, beside those above. */
  readonly all: OptionValues;
  readonly plugins: {
    readonly architecture: ArchitectureDefinition;
    readonly criterion: CriterionDefinition;
    readonly optimizer: OptimizerDefinition;
    readonly lrScheduler: LrSchedulerDefinition;
  };
  /** What the model is built on; without it the device that is current then. */
  readonly device?: OpenedDevice;
  readonly kernels: ArenaKernels;
  readonly machine: Machine;
  /** The version of ts-fairseq, for checkpoints. */
  readonly version: string;
  /** Every option as YAML, written beside the checkpoints as `config.yaml`. */
  readonly config?: string;
  readonly logInterval: number;
  /** Of the device, where an update is to be profiled. */
  readonly profiler?: Profiler | null;
  /** Aborted: training saves `checkpoint_last` after the update that is under way, and ends. */
  readonly signal?: AbortSignal;
}
