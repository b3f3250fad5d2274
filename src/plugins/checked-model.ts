import { UserError } from '../errors.js';
import type { RowChoice } from '../ops/row-layout.js';
import { describeValue, isPromise, shapeOf } from './described-value.js';
import type {
  Classifier,
  DecoderOutput,
  DecodeStep,
  EncoderOutput,
  IncrementalState,
  ModelContext,
  ModelDefinition,
  TokenTable,
  TranslationModel,
} from './model.js';

const METHODS = ['encode', 'decode', 'classifier', 'startDecoding', 'decodeStep', 'dispose'] as const;

/**
 * Wraps a model that may not have been type-checked, and checks what it builds and returns.
 * @param source the file that defines it, for messages
 */
export function checkedModel(definition: ModelDefinition, source: string): ModelDefinition {
  const where = `${source}: the model '${definition.name}'`;
  return {
    ...definition,
    build(options, context) {
      const model = checkBuilt(definition.build(options, context), where);
      return delegate(model, context, source, where);
    },
  };
}

function checkBuilt(model: Partial<TranslationModel> | undefined, where: string): TranslationModel {
  if (typeof model !== 'object' || model === null || isPromise(model)) {
    throw new UserError(`${where}: the result of build is ${describeValue(model)}`, 'return a TranslationModel');
  }
  const missing = METHODS.filter((name) => typeof model[name] !== 'function');
  if (missing.length > 0) {
    throw new UserError(
      `${where}: the built model has no ${missing.join(' or ')} function`,
      'implement TranslationModel',
    );
  }
  checkParameters(model.parameters, where);
  checkSymbolTables(model as TranslationModel, where);
  for (const side of ['source', 'target'] as const) {
    const length: unknown = model.maxPositions?.[side];
    if (typeof length === 'number' && length >= 1) continue;
    throw new UserError(
      `${where}: maxPositions.${side} is ${typeof length === 'number' ? length : describeValue(length)}`,
      'give the length of the longest sentence in tokens, or Infinity if there is no limit',
    );
  }
  return model as TranslationModel;
}

function checkParameters(store: Partial<TranslationModel['parameters']> | undefined, where: string): void {
  if (typeof store !== 'object' || !Array.isArray(store.trainable) || !Array.isArray(store.parameters)) {
    throw new UserError(
      `${where}: parameters is ${describeValue(store)}, not a ParameterStore`,
      "declare the weights in a new ParameterStore() from 'ts-fairseq/nn'",
    );
  }
  if (store.parameters.length === 0) {
    throw new UserError(`${where}: it has no weights`, 'declare them: parameters.parameter(name, shape, initializer)');
  }
  if (store.values?.length === 0) {
    throw new UserError(
      `${where}: its weights are declared but not allocated`,
      'call parameters.build(seed === null ? null : uniformSource(seed)) at the end of build',
    );
  }
}

function checkSymbolTables({ symbolTables = {}, parameters }: TranslationModel, where: string): void {
  const declared = new Set(parameters.parameters.map(({ name }) => name));
  for (const [name, side] of Object.entries(symbolTables)) {
    if (!declared.has(name)) {
      throw new UserError(
        `${where}: symbolTables names ${name}, which is not a parameter`,
        'name only declared parameters',
      );
    }
    if (side === 'source' || side === 'target') continue;
    throw new UserError(`${where}: symbolTables: ${name} is ${describeValue(side)}`, "use 'source' or 'target'");
  }
}

/** Checks what a model returns. Its methods keep their `this`. */
function delegate(model: TranslationModel, context: ModelContext, source: string, where: string): TranslationModel {
  return {
    source,
    parameters: model.parameters,
    maxPositions: model.maxPositions,
    leavesLayersOut: model.leavesLayersOut ?? false,
    ...(model.symbolTables === undefined ? {} : { symbolTables: model.symbolTables }),
    encode: (table, mode) => checkEncoded(model.encode(table, mode), where),
    decode: (prevOutput, encoderOutput, mode, rows = 'tokens') =>
      checkDecoded(model.decode(prevOutput, encoderOutput, mode, rows), prevOutput, rows, context, where),
    classifier: (features) => checkClassifier(model.classifier(features), context, where),
    startDecoding: (...args) => checkState(model.startDecoding(...args), where),
    decodeStep: (tokens, state) => checkStep(model.decodeStep(tokens, state), tokens.shape[0], where),
    startFusedDecoding: (table, beam) => model.startFusedDecoding?.(table, beam) ?? null,
    dispose: () => model.dispose(),
  };
}

function checkEncoded(output: EncoderOutput | undefined, where: string): EncoderOutput {
  checkMatrix(output, 'encode', 'features', where);
  if (typeof output!.layout === 'object' && output!.layout !== null) return output!;
  throw new UserError(
    `${where}: encode: layout is ${describeValue(output!.layout)}`,
    "return { features, layout }, with the layout from tokenLayout of 'ts-fairseq/nn'",
  );
}

function checkDecoded(
  output: DecoderOutput | undefined,
  prevOutput: TokenTable,
  choice: RowChoice,
  { padIndex }: ModelContext,
  where: string,
): DecoderOutput {
  const [rows] = checkMatrix(output, 'decode', 'features', where);
  const positions: unknown = output!.positions;
  const remedy = "return { features, positions }, with the positions from tokenLayout of 'ts-fairseq/nn'";
  if (!(positions instanceof Int32Array)) {
    throw new UserError(`${where}: decode: positions is ${describeValue(positions)}, not an Int32Array`, remedy);
  }
  if (positions.length !== rows) {
    throw new UserError(`${where}: decode: ${rows} rows of features for ${positions.length} positions`, remedy);
  }
  if (positions.some((position, row) => row > 0 && position <= positions[row - 1]!)) {
    throw new UserError(`${where}: decode: positions are not in ascending order`, remedy);
  }
  const { ids } = prevOutput;
  const decoded = new Set(positions);
  const absent = ids.findIndex((id, position) => (choice === 'all' || id !== padIndex) && !decoded.has(position));
  if (absent < 0) return output!;
  throw new UserError(`${where}: decode leaves out position ${absent} of ${ids.length}`, remedy);
}

function checkClassifier(output: Classifier | undefined, { targetVocab }: ModelContext, where: string): Classifier {
  const [, width] = checkMatrix(output, 'classifier', 'features', where);
  const [vocab, ofWeights] = checkMatrix(output, 'classifier', 'weights', where);
  if (vocab === targetVocab && width === ofWeights) return output!;
  throw new UserError(
    `${where}: classifier: features [rows,${width}] and weights [${vocab},${ofWeights}] for ${targetVocab} target symbols`,
    `return features [rows,embed] and weights [${targetVocab},embed]`,
  );
}

function checkState(state: Partial<IncrementalState> | undefined, where: string): IncrementalState {
  if (isPromise(state)) throw new UserError(`${where}: startDecoding returns a promise`, 'make it synchronous');
  const missing = (['select', 'dispose'] as const).filter((name) => typeof state?.[name] !== 'function');
  if (missing.length === 0) return state as IncrementalState;
  throw new UserError(
    `${where}: startDecoding: the state has no ${missing.join(' or ')} function`,
    'implement IncrementalState',
  );
}

function checkStep(output: DecodeStep | undefined, rows: number, where: string): DecodeStep {
  const [found] = checkMatrix(output, 'decodeStep', 'features', where);
  if (found !== rows) {
    throw new UserError(
      `${where}: decodeStep: ${found} rows of features for ${rows} tokens`,
      'return one row per token',
    );
  }
  if (output!.attention !== null) checkMatrix(output, 'decodeStep', 'attention', where);
  return output!;
}

/** @returns the shape of the matrix `name` in the output of a method */
function checkMatrix(output: object | undefined, method: string, name: string, where: string): [number, number] {
  if (isPromise(output)) throw new UserError(`${where}: ${method} returns a promise`, 'make it synchronous');
  const value: unknown = (output as Record<string, unknown> | undefined | null)?.[name];
  const shape = shapeOf(value);
  if (shape?.length === 2) return shape as [number, number];
  throw new UserError(
    `${where}: ${method}: ${name} is ${describeValue(value)}, not a matrix`,
    name === 'attention' ? 'return a tensor [rows, source], or null' : `return a tensor with two axes as ${name}`,
  );
}
