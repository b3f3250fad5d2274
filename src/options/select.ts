import type { OptionSchema, OptionsOf, OptionValues } from './schema.js';

/** Selects the values of a schema's options; an option without a value gets its default. */
export function selectOptions<S extends OptionSchema>(schema: S, values: OptionValues): OptionsOf<S> {
  return Object.fromEntries(
    Object.entries(schema).map(([key, spec]) => [key, key in values ? values[key] : spec.default]),
  ) as OptionsOf<S>;
}
