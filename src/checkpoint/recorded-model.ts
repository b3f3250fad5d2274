import { UserError } from '../errors.js';
import { ParameterStore } from '../optim/parameter-store.js';
import { checkNames } from '../optim/weights.js';
import { checkRecordedOptions } from '../options/recorded.js';
import type { OptionSchema, OptionsOf, OptionValues } from '../options/schema.js';
import { selectOptions } from '../options/select.js';
import type { ArchitectureDefinition, ModelContext, TranslationModel } from '../plugins/model.js';
import { modelOptions } from '../plugins/model-options.js';
import type { Registry } from '../plugins/registry.js';
import { translationOptions } from '../tasks/translation.js';
import type { CheckpointMetadata } from './metadata.js';
import type { CheckpointOutline } from './stored-checkpoint.js';

const REMEDY = 'use another checkpoint, or save it again';

/**
 * The model options that a checkpoint records.
 * @param overrides options that take precedence over the recorded ones
 * @throws UserError if an option is missing or has an invalid value
 */
export function recordedModelOptions(
  stem: string,
  metadata: CheckpointMetadata,
  architecture: ArchitectureDefinition,
  overrides: OptionValues = {},
): OptionsOf<OptionSchema> {
  const { model } = architecture;
  const options = { ...metadata.options, ...overrides };
  checkArchitectures(stem, metadata);
  const checked = checkRecordedOptions(stem, options, model.options);
  const missing = metadata.fairseq === undefined ? (model.alwaysRecorded ?? []).find((key) => !(key in checked)) : null;
  if (missing != null) throw new UserError(`${stem} does not record the option ${missing} of its model`, REMEDY);
  return modelOptions(architecture, checked);
}

/** The command line also records the architecture among the options. */
function checkArchitectures(stem: string, { arch, options, fairseq }: CheckpointMetadata): void {
  if (fairseq !== undefined || options.arch === undefined || options.arch === arch) return;
  throw new UserError(`${stem} records two architectures, ${arch} and ${options.arch}`, REMEDY);
}

/**
 * Builds the model of a checkpoint without its weights. Allocates nothing until all parameters are found in the
 * checkpoint.
 * @throws UserError if options contradict each other, or the checkpoint's tensors are those of another model
 */
export function buildRecordedModel(
  stem: string,
  { weights }: Pick<CheckpointOutline, 'weights'>,
  { model }: ArchitectureDefinition,
  options: OptionsOf<OptionSchema>,
  context: ModelContext,
  { allocate = true } = {},
): TranslationModel {
  const stored = { source: stem, shapes: weights };
  try {
    return ParameterStore.holdingTo(stored, () => model.build(options, context), { allocate });
  } catch (error) {
    if (!(error instanceof UserError) || error.problem.includes(stem)) throw error;
    throw new UserError(`${stem}: ${error.problem}`, error.remedy, { cause: error });
  }
}

/**
 * Compares the model that a checkpoint records with its tensors, before any tensor is read. Accepts every checkpoint of
 * an unknown architecture.
 * @throws UserError as `recordedModelOptions` and `buildRecordedModel` do
 */
export function checkRecordedModel(
  stem: string,
  outline: CheckpointOutline,
  architectures: Registry<ArchitectureDefinition>,
): void {
  const { metadata, weights } = outline;
  const architecture = architectures.values().find(({ name }) => name === metadata.arch);
  if (architecture === undefined) return;
  const options = recordedModelOptions(stem, metadata, architecture);
  const context = recordedContext(stem, outline);
  const model = buildRecordedModel(stem, outline, architecture, options, context, { allocate: false });
  try {
    checkNames(model.parameters, weights, stem);
  } finally {
    model.dispose();
  }
}

/** The context of a model, from its checkpoint; special symbols have fairseq's ids. */
function recordedContext(stem: string, { metadata, weights }: CheckpointOutline): ModelContext {
  const rows = (side: string): number | undefined => weights.get(`${side}.embed_tokens.weight`)?.shape[0];
  const recorded = checkRecordedOptions(stem, metadata.options, translationOptions);
  const { maxSourcePositions, maxTargetPositions } = selectOptions(translationOptions, recorded);
  const sourceVocab = rows('encoder') ?? 0;
  return {
    sourceVocab,
    targetVocab: rows('decoder') ?? sourceVocab,
    padIndex: 1,
    eosIndex: 2,
    joinedDictionary: true,
    maxSourcePositions,
    maxTargetPositions,
    seed: null,
  };
}
