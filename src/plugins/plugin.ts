import { UserError } from '../errors.js';
import { OPTION_KINDS, type OptionSchema, type OptionSpec } from '../options/schema.js';
import { checkOptionValues } from '../options/values.js';
import type { CriterionDefinition } from './criterion.js';
import { didYouMean } from './did-you-mean.js';
import type { LrSchedulerDefinition } from './lr-scheduler.js';
import type { ArchitectureDefinition, ModelDefinition } from './model.js';
import type { OptimizerDefinition } from './optimizer.js';

/** A plug-in, as the `define…` functions return it. */
export type Plugin =
  | CriterionDefinition
  | ModelDefinition
  | ArchitectureDefinition
  | OptimizerDefinition
  | LrSchedulerDefinition;

const KINDS: ReadonlySet<unknown> = new Set<Plugin['kind']>([
  'criterion',
  'model',
  'architecture',
  'optimizer',
  'lr-scheduler',
]);

/** Whether a value claims to be a plug-in: it has a `kind` of one. */
export function isPlugin(value: unknown): value is Plugin {
  return typeof value === 'object' && value !== null && 'kind' in value && KINDS.has(value.kind);
}

/**
 * Checks the declaration of a plug-in that may not have been type-checked.
 * @param where the plug-in's file, for messages
 * @throws UserError that names the missing or wrong field
 */
export function checkPlugin(plugin: Plugin, where: string): void {
  const { kind, name } = plugin as { kind: string; name: unknown };
  const invalid = (problem: string, remedy: string): UserError => new UserError(`${where}: ${problem}`, remedy);
  if (typeof name !== 'string' || name === '') {
    throw invalid(`the ${kind} has no name`, `give it one, e.g. name: 'my_${kind.replace('-', '_')}'`);
  }
  if (plugin.kind === 'architecture') {
    if (!isPlugin(plugin.model)) {
      throw invalid(`the architecture '${name}' has no model`, 'set `model` to the result of defineModel');
    }
    checkPlugin(plugin.model, where);
    if (typeof plugin.defaults !== 'object' || plugin.defaults === null) {
      throw invalid(
        `the architecture '${name}' has no defaults`,
        'add `defaults: {}`, or the defaults that differ from the model',
      );
    }
    checkOptionValues(`${where}: the architecture '${name}'`, plugin.defaults, plugin.model.options);
    return;
  }
  if (typeof plugin.build !== 'function') {
    throw invalid(
      `the ${kind} '${name}' has no build function`,
      'add the build function that its define function requires',
    );
  }
  if (typeof plugin.options !== 'object' || plugin.options === null) {
    throw invalid(`the ${kind} '${name}' has no options`, 'add `options: {}`, or its options');
  }
  checkOptions(plugin.options, `${where}: the ${kind} '${name}'`);
}

function checkOptions(options: OptionSchema, where: string): void {
  for (const [key, spec] of Object.entries<Partial<OptionSpec>>(options)) {
    const option = `${where}: the option '${key}'`;
    if (!OPTION_KINDS.some((kind) => kind === spec?.kind)) {
      throw new UserError(`${option} has the kind '${spec?.kind}'`, didYouMean(String(spec?.kind), OPTION_KINDS));
    }
    if (spec.default === undefined) throw new UserError(`${option} has no default`, 'add one, or null for none');
    if (spec.kind === 'choice' && !Array.isArray(spec.choices)) {
      throw new UserError(`${option} has no choices`, "add them, e.g. choices: ['linear', 'cosine']");
    }
  }
}
