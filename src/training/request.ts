import type { Machine } from '../checkpoint/metadata.js';
import type { Profiler } from '../devices/device.js';
import { distributedOptions, shardingOptions } from '../distributed/options.js';
import type { Workers } from '../distributed/workers.js';
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

/** All options of training except those of plug-ins. */
export const trainingOptions = {
  ...translationOptions,
  ...datasetOptions,
  ...optimizationOptions,
  ...checkpointOptions,
  ...averageOptions,
  ...evaluationOptions,
  ...lossOptions,
  ...seedOption,
  ...distributedOptions,
  ...shardingOptions,
} as const;

/** The values of `trainingOptions`. */
export type TrainingOptions = OptionsOf<typeof trainingOptions>;

/** Options that checkpoints do not record, because they do not change what a run computes. */
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
  'heartbeatTimeout',
  'zeroSharding',
  'device',
  'threads',
  'cpu',
  'bf16',
  'fp16',
]);

/** The input of `train`. */
export interface TrainRequest {
  /** Data folders that `preprocess` wrote, separated by colons. Each epoch uses the next one. */
  readonly data: string;
  readonly options: TrainingOptions;
  /** The options of the plug-ins, by key, and those above. */
  readonly all: OptionValues;
  readonly plugins: {
    readonly architecture: ArchitectureDefinition;
    readonly criterion: CriterionDefinition;
    readonly optimizer: OptimizerDefinition;
    readonly lrScheduler: LrSchedulerDefinition;
  };
  /** The device that the model is built on (default: the current device). */
  readonly device?: OpenedDevice;
  readonly kernels: ArenaKernels;
  readonly machine: Machine;
  /** The version of ts-fairseq, recorded in checkpoints. */
  readonly version: string;
  /** All options as YAML, written to `config.yaml` in --save-dir. */
  readonly config?: string;
  readonly logInterval: number;
  /** The processes that train together (default: this one alone). */
  readonly workers?: Workers;
  /** The device's profiler, with --profile. */
  readonly profiler?: Profiler | null;
  /** When aborted, training finishes the current update, saves `checkpoint_last` and ends. */
  readonly signal?: AbortSignal;
}

/** Extracts what a checkpoint records of the device from the device's description. */
export function machineOf(description: Readonly<Record<string, string | number>>): Machine {
  const { device, threads, oneDNN, products } = description;
  return {
    device: String(device),
    threads: Number(threads ?? 1),
    oneDnn: oneDNN === undefined ? null : String(oneDNN),
    ...(products === undefined ? {} : { products: String(products) }),
  };
}
