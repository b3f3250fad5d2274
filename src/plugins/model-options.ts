import type { OptionSchema, OptionsOf, OptionValues } from '../options/schema.js';
import { selectOptions } from '../options/select.js';
import type { ArchitectureDefinition } from './model.js';

/** The options of an architecture's model: from `values`, else the architecture's value, else the model's default. */
export function modelOptions(
  { model, defaults }: ArchitectureDefinition,
  values: OptionValues,
): OptionsOf<OptionSchema> {
  return selectOptions(model.options, { ...defaults, ...values });
}
