import { criterions } from '../criterions/index.js';
import { architectures } from '../models/index.js';
import { lrSchedulers, optimizers } from './optim/index.js';
import type { CriterionDefinition } from './plugins/criterion.js';
import type { LrSchedulerDefinition } from './plugins/lr-scheduler.js';
import type { ArchitectureDefinition } from './plugins/model.js';
import type { OptimizerDefinition } from './plugins/optimizer.js';
import { Registry } from './plugins/registry.js';

/** Everything that a name on the command line can stand for. */
export interface Components {
  readonly criterions: Registry<CriterionDefinition>;
  readonly architectures: Registry<ArchitectureDefinition>;
  readonly optimizers: Registry<OptimizerDefinition>;
  readonly lrSchedulers: Registry<LrSchedulerDefinition>;
}

/** The components that come with ts-fairseq; `--user-dir` registers more. */
export function builtInComponents(): Components {
  return {
    criterions: new Registry<CriterionDefinition>('criterion', criterions),
    architectures: new Registry<ArchitectureDefinition>('arch', architectures),
    optimizers: new Registry<OptimizerDefinition>('optimizer', optimizers),
    lrSchedulers: new Registry<LrSchedulerDefinition>('lr-scheduler', lrSchedulers),
  };
}
