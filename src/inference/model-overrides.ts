import { parseJsonOptions } from '../options/json-options.js';
import type { OptionSchema, OptionValues } from '../options/schema.js';
import type { ArchitectureDefinition } from '../plugins/model.js';
import type { Registry } from '../plugins/registry.js';

/**
 * Options of models from `--model-overrides`, e.g. `{"encoder_layers": 3}`: fairseq's names, checked against the options
 * of every model there is.
 * @throws UserError for text that is not a JSON object, unknown names and values of the wrong kind
 */
export function parseModelOverrides(text: string, architectures: Registry<ArchitectureDefinition>): OptionValues {
  const schema: OptionSchema = Object.assign({}, ...architectures.values().map(({ model }) => model.options));
  return parseJsonOptions('--model-overrides', text, schema);
}
