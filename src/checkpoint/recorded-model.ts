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

const REMEDY = 'take another checkpoint, or save it again';

/**
 * The options of the model that a checkpoint was saved from.
 * @param overrides options that count more than those it records
 * @throws UserError where one is missing, or no value of its option
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

/** The command line records the name a second time, among the options. */
function checkArchitectures(stem: string, { arch, options, fairseq }: CheckpointMetadata): void {
  if (fairseq !== undefined || options.arch === undefined || options.arch === arch) return;
  throw new UserError(`${stem} records two architectures, ${arch} and ${options.arch}`, REMEDY);
}

/**
 * Builds the model that a checkpoint was saved from, without its weights. Nothing is allocated before its parameters were
 * found in the checkpoint.
 * @throws UserError where options do not go together, or the checkpoint's tensors are of another model
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
 * Holds what a checkpoint records of its model against the tensors that it has, before one is read. Of an architecture that
 * is not known here nothing can be told.
 * @throws UserError as `recordedModelOptions` and `buildRecordedModel`
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

/** What a model was built for, as far as its checkpoint tells; special symbols stand where fairseq has them. */
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
