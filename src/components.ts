import { criterions } from '../criterions/index.js';
import { architectures } from '../models/index.js';
import { lrSchedulers, optimizers } from './optim/index.js';
import type { CriterionDefinition } from './plugins/criterion.js';
import type { LrSchedulerDefinition } from './plugins/lr-scheduler.js';
import { type ArchitectureDefinition, defineArchitecture } from './plugins/model.js';
import type { OptimizerDefinition } from './plugins/optimizer.js';
import type { Plugin } from './plugins/plugin.js';
import { Registry } from './plugins/registry.js';

/** The components that the command line selects by name. */
export interface Components {
  readonly criterions: Registry<CriterionDefinition>;
  readonly architectures: Registry<ArchitectureDefinition>;
  readonly optimizers: Registry<OptimizerDefinition>;
  readonly lrSchedulers: Registry<LrSchedulerDefinition>;
}

/** The built-in components. `registerPlugins` adds those of `--user-dir`. */
export function builtInComponents(): Components {
  return {
    criterions: new Registry<CriterionDefinition>('criterion', criterions),
    architectures: new Registry<ArchitectureDefinition>('arch', architectures),
    optimizers: new Registry<OptimizerDefinition>('optimizer', optimizers),
    lrSchedulers: new Registry<LrSchedulerDefinition>('lr-scheduler', lrSchedulers),
  };
}

/**
 * Registers plug-ins. Each model is also registered as an architecture of the same name with the model's defaults,
 * unless the plug-ins contain an architecture of that name.
 * @param sourceOf the file that defines a plug-in, for messages
 * @throws UserError if a name is taken
 */
export function registerPlugins(
  components: Components,
  plugins: readonly Plugin[],
  sourceOf: (plugin: Plugin) => string | undefined = () => undefined,
): void {
  const architectures = new Set(plugins.filter(({ kind }) => kind === 'architecture').map(({ name }) => name));
  for (const plugin of plugins) {
    const source = sourceOf(plugin);
    switch (plugin.kind) {
      case 'criterion':
        components.criterions.register(plugin, source);
        break;
      case 'architecture':
        components.architectures.register(plugin, source);
        break;
      case 'model': {
        const { name, summary } = plugin;
        if (architectures.has(name)) break;
        components.architectures.register(defineArchitecture({ name, summary, model: plugin, defaults: {} }), source);
        break;
      }
      case 'optimizer':
        components.optimizers.register(plugin, source);
        break;
      case 'lr-scheduler':
        components.lrSchedulers.register(plugin, source);
        break;
    }
  }
}
