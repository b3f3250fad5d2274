import { UserError } from '../errors.js';
import { OPTION_KINDS, type OptionSchema, type OptionSpec } from '../options/schema.js';
import { checkOptionValues } from '../options/values.js';
import type { CriterionDefinition } from './criterion.js';
import { didYouMean } from './did-you-mean.js';
import type { LrSchedulerDefinition } from './lr-scheduler.js';
import type { ArchitectureDefinition, ModelDefinition } from './model.js';
import type { OptimizerDefinition } from './optimizer.js';

/** What a `define…` function returns. */
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

/** Whether a value of unknown origin says that it is a plug-in. */
export function isPlugin(value: unknown): value is Plugin {
  return typeof value === 'object' && value !== null && 'kind' in value && KINDS.has(value.kind);
}

/**
 * Checks what the compiler has not seen: JavaScript, or TypeScript that nobody checked.
 * @param where the plug-in's place, for the message
 * @throws UserError that names the field which is missing or wrong
 */
export function checkPlugin(plugin: Plugin, where: string): void {
  const { kind, name } = plugin as { kind: string; name: unknown };
  const mistake = (problem: string, remedy: string): UserError => new UserError(`${where}: ${problem}`, remedy);
  if (typeof name !== 'string' || name === '') {
    throw mistake(`the ${kind} has no name`, `give it one, e.g. name: 'my_${kind.replace('-', '_')}'`);
  }
  if (plugin.kind === 'architecture') {
    if (!isPlugin(plugin.model)) {
      throw mistake(`the architecture '${name}' has no model`, 'give it what defineModel returns, as its `model`');
    }
    checkPlugin(plugin.model, where);
    if (typeof plugin.defaults !== 'object' || plugin.defaults === null) {
      throw mistake(`the architecture '${name}' has no defaults`, 'add `defaults: {}`, or those that differ');
    }
    checkOptionValues(`${where}: the architecture '${name}'`, plugin.defaults, plugin.model.options);
    return;
  }
  if (typeof plugin.build !== 'function') {
    throw mistake(`the ${kind} '${name}' has no build function`, 'see what its define function asks for');
  }
  if (typeof plugin.options !== 'object' || plugin.options === null) {
    throw mistake(`the ${kind} '${name}' has no options`, 'add `options: {}`, or the options that it has');
  }
  checkOptions(plugin.options, `${where}: the ${kind} '${name}'`);
}

function checkOptions(options: OptionSchema, where: string): void {
  for (const [key, spec] of Object.entries<Partial<OptionSpec>>(options)) {
    const option = `${where}: the option '${key}'`;
    if (!OPTION_KINDS.some((kind) => kind === spec?.kind)) {
      throw new UserError(`${option} has the kind '${spec?.kind}'`, didYouMean(String(spec?.kind), OPTION_KINDS));
    }
    if (spec.default === undefined)
      throw new UserError(`${option} has no default`, 'add one; null where there is none');
    if (spec.kind === 'choice' && !Array.isArray(spec.choices)) {
      throw new UserError(`${option} has no choices`, "add them, e.g. choices: ['linear', 'cosine']");
    }
  }
}
