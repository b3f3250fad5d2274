import type { OptionSchema, OptionsOf, OptionValues } from './schema.js';

/** The values of one schema out of those of many, the schema's default where there is none. */
export function selectOptions<S extends OptionSchema>(schema: S, values: OptionValues): OptionsOf<S> {
  return Object.fromEntries(
    Object.entries(schema).map(([key, spec]) => [key, key in values ? values[key] : spec.default]),
  ) as OptionsOf<S>;
}
