import { UserError } from '../errors.js';
import type { ParameterStore } from '../optim/parameter-store.js';
import { storeWeights } from '../optim/weights.js';
import type { OptionValues } from '../options/schema.js';
import type { ArchitectureDefinition } from '../plugins/model.js';
import type { CheckpointMetadata } from './metadata.js';
import { recordedModelOptions } from './recorded-model.js';
import type { Checkpoint } from './stored-checkpoint.js';

const ENCODER_TABLE = 'encoder.embed_tokens.weight';
const DECODER_TABLE = 'decoder.embed_tokens.weight';
const PROJECTION = 'decoder.output_projection.weight';

const UNTIED = { shareAllEmbeddings: false, shareDecoderInputOutputEmbed: false };

/**
 * The shape of the output projection of a model: that of the decoder's embeddings.
 * @throws UserError if the model has no output projection of its own that could take the place of the shared table
 */
export function projectionShape(
  stem: string,
  { model }: ArchitectureDefinition,
  { parameters }: ParameterStore,
): { readonly classes: number; readonly embed: number } {
  const table = [DECODER_TABLE, ENCODER_TABLE]
    .map((wanted) => parameters.find(({ name }) => name === wanted))
    .find((parameter) => parameter !== undefined);
  const canUntie = Object.keys(UNTIED).every((key) => key in model.options);
  if (table === undefined || !canUntie) {
    throw new UserError(
      `the model '${model.name}' of ${stem} has no output projection that can be replaced`,
      'omit --probe-epochs',
    );
  }
  const [classes, embed] = table.shape as [number, number];
  return { classes, embed };
}

/**
 * A model with another output projection, as a checkpoint without a state of training. Its options record that the
 * projection is not shared with the embeddings.
 * @param projection float32 [classes × embed]
 */
export function withOutputProjection(
  stem: string,
  metadata: CheckpointMetadata,
  architecture: ArchitectureDefinition,
  store: ParameterStore,
  projection: Float32Array,
): Checkpoint {
  const { classes, embed } = projectionShape(stem, architecture, store);
  const weights = new Map(storeWeights(store));
  const decoderTable = weights.get(DECODER_TABLE) ?? weights.get(ENCODER_TABLE)!;
  weights.set(DECODER_TABLE, decoderTable);
  weights.set(PROJECTION, { dtype: 'F32', shape: [classes, embed], data: projection });
  const { fairseq: _, ...kept } = metadata;
  const options: OptionValues = {
    ...metadata.options,
    ...recordedModelOptions(stem, metadata, architecture),
    ...UNTIED,
  };
  return { metadata: { ...kept, options, training: null }, weights, optimizer: null };
}
