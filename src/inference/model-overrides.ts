import { parseJsonOptions } from '../options/json-options.js';
import type { OptionSchema, OptionValues } from '../options/schema.js';
import type { ArchitectureDefinition } from '../plugins/model.js';
import type { Registry } from '../plugins/registry.js';

/**
 * Parses `--model-overrides`, e.g. `{"encoder_layers": 3}`. Names are fairseq's; names and values are checked against
 * the options of all registered models.
 * @throws UserError if the text is not a JSON object, or contains an unknown name or a value of the wrong kind
 */
export function parseModelOverrides(text: string, architectures: Registry<ArchitectureDefinition>): OptionValues {
  const schema: OptionSchema = Object.assign({}, ...architectures.values().map(({ model }) => model.options));
  return parseJsonOptions('--model-overrides', text, schema);
}
