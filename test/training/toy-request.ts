import { adam } from '../../src/optim/adam.js';
import { portableArenaKernels } from '../../src/optim/arena-kernels.js';
import { inverseSqrt } from '../../src/optim/inverse-sqrt.js';
import type { OptionValues } from '../../src/options/schema.js';
import { selectOptions } from '../../src/options/select.js';
import { type TrainRequest, trainingOptions } from '../../src/training/request.js';
import { toyArchitecture, toyCriterion } from '../helpers/toy-plugins.js';

/** The request of `ts-fairseq train` for the toy model: 10 updates per epoch on the toy data. */
export function toyRequest(data: string, values: OptionValues, rest: Partial<TrainRequest> = {}): TrainRequest {
  const defaults = {
    maxTokens: 32,
    requiredBatchSizeMultiple: 1,
    lr: [0.05],
    warmupUpdates: 4,
    clipNorm: 1,
    dropout: 0.3,
    updateFreq: [1],
  };
  const all = { ...defaults, ...values };
  return {
    data,
    options: selectOptions(trainingOptions, all),
    all,
    plugins: {
      architecture: toyArchitecture,
      criterion: toyCriterion,
      optimizer: adam,
      lrScheduler: inverseSqrt,
    },
    kernels: portableArenaKernels,
    machine: { device: 'plain', threads: 1, oneDnn: null },
    version: 'test',
    logInterval: 2,
    ...rest,
  };
}
