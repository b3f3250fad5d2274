import { criterions } from '../../criterions/index.js';
import { selectOptions } from '../../src/options/select.js';
import type { Criterion, CriterionDefinition } from '../../src/plugins/criterion.js';
import { Registry } from '../../src/plugins/registry.js';

/** The built-in criterions by name. */
export const criterionRegistry = new Registry<CriterionDefinition>('criterion', criterions);

/** Builds a built-in criterion by name; `options` replace its defaults. */
export function buildCriterion(name: string, options: Record<string, unknown> = {}): Criterion {
  const definition = criterionRegistry.get(name);
  return definition.build(selectOptions(definition.options, options));
}
