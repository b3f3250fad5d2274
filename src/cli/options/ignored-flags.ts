import type { OptionSpec } from '../../options/schema.js';
import type { IgnoredOption, IgnoredOptions } from './ignored-options.js';
import { MMAP_ONLY, ONE_PROCESS } from './remedies.js';

const FLAG: OptionSpec = { kind: 'boolean', default: false, help: '' };
const NUMBER: OptionSpec = { kind: 'float', default: null, help: '' };
const TEXT: OptionSpec = { kind: 'string', default: null, help: '' };

const each = (spec: OptionSpec, keys: readonly string[]): IgnoredOptions =>
  Object.fromEntries(keys.map((key) => [key, { spec }]));

const oneProcess = (spec: OptionSpec, ...values: unknown[]): IgnoredOption => ({
  spec,
  only: { values, remedy: ONE_PROCESS },
});

/** Communication between processes; mpirun starts them, and they need no further options. */
const ofProcesses: IgnoredOptions = {
  // fully_sharded saves memory and slowmo averages models: they are refused.
  ddpBackend: oneProcess(TEXT, 'c10d', 'no_c10d', 'legacy_ddp', 'pytorch_ddp'),
  ddpCommHook: oneProcess(TEXT, 'none'),
  distributedWrapper: oneProcess(TEXT, 'DDP'),
  distributedWorldSize: oneProcess(NUMBER, 1),
  distributedNumProcs: oneProcess(NUMBER, 1),
  nprocsPerNode: oneProcess(NUMBER, 1),
  modelParallelSize: oneProcess(NUMBER, 1),
  distributedRank: oneProcess(NUMBER, 0),
  ...each(TEXT, ['distributedBackend']),
  ...each(NUMBER, ['allGatherListSize', 'bucketCapMb', 'distributedPort']),
  ...each(FLAG, ['broadcastBuffers', 'distributedNoSpawn', 'fastStatSync', 'findUnusedParameters']),
  ...each(FLAG, ['gradientAsBucketView']),
};

/** Loss scaling; gradients are float32 and do not overflow. */
const ofLossScale: IgnoredOptions = {
  ...each(NUMBER, ['fp16InitScale', 'fp16ScaleTolerance', 'fp16ScaleWindow', 'minLossScale', 'thresholdLossScale']),
  ...each(NUMBER, ['ampBatchRetries', 'ampInitScale', 'ampScaleWindow']),
  ...each(FLAG, ['fp16NoFlattenGrads', 'onCpuConvertPrecision']),
};

/** Reading data; batches are read from mmap datasets when they are needed. */
const ofData: IgnoredOptions = {
  datasetImpl: { spec: TEXT, only: { values: ['mmap'], remedy: MMAP_ONLY } },
  ...each(NUMBER, ['dataBufferSize']),
};

const common: IgnoredOptions = {
  ...ofProcesses,
  ...ofLossScale,
  ...ofData,
  ...each(NUMBER, ['emptyCacheFreq', 'fixedValidationSeed']),
  ...each(TEXT, ['plasmaPath']),
  ...each(FLAG, ['ignoreUnusedValidSubsets', 'resetLogging', 'suppressCrashes', 'usePlasmaView']),
};

/** Options of fairseq's `train` that are accepted without effect. */
export const ignoredInTraining: IgnoredOptions = {
  ...common,
  ...each(NUMBER, ['minParamsToWrap']), // an option of fully_sharded
  ...each(FLAG, ['loadCheckpointOnAllDpRanks', 'useOldAdam', 'saveAsync', 'writeCheckpointsAsynchronously']),
};

/** Options of fairseq's `validate` that are accepted without effect. */
export const ignoredInValidation: IgnoredOptions = { ...common, ...each(NUMBER, ['heartbeatTimeout', 'numWorkers']) };

/** Options of fairseq's `generate` and `interactive` that are accepted without effect. */
export const ignoredInTranslation: IgnoredOptions = { ...ofLossScale, ...ofData, ...each(FLAG, ['noBeamableMm']) };
