import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { transformer } from '../../models/transformer.js';
import { readSafetensors } from '../../src/checkpoint/safetensors.js';
import { loadWeights } from '../../src/optim/weights.js';
import type { OptionsOf } from '../../src/options/schema.js';
import {
  EVALUATION,
  type Mode,
  type ModelContext,
  type TokenTable,
  type TranslationModel,
} from '../../src/plugins/model.js';
import type { TranslationBatch } from '../../src/tasks/collate.js';
import { openTranslationTask, type TranslationTask } from '../../src/tasks/translation.js';

const golden = fileURLToPath(new URL('../golden', import.meta.url));

/** A file of test/golden/model, parsed. */
export function goldenModelValues<T>(name: string): T {
  return JSON.parse(readFileSync(join(golden, 'model', `${name}.json`), 'utf8')) as T;
}

export const goldenData: string = join(golden, 'data', 'joined');

/** The weights of one of fairseq's checkpoints, by name. */
export function goldenWeights(name: 'initial' | 'update20' | 'update60' | 'trained') {
  return readSafetensors(join(golden, 'model', `${name}.safetensors`)).tensors;
}

/** The options of the reference model: the defaults of `transformer` with some replacements. */
export function transformerOptions(
  overrides: Partial<OptionsOf<typeof transformer.options>> = {},
): OptionsOf<typeof transformer.options> {
  const defaults = Object.entries(transformer.options).map(([key, spec]) => [key, spec.default]);
  return { ...Object.fromEntries(defaults), ...overrides } as OptionsOf<typeof transformer.options>;
}

/** The reference model with new weights: 2+2 layers, 64/128, 4 heads, shared embeddings, no dropout. */
export const REFERENCE_OPTIONS = transformerOptions({
  encoderEmbedDim: 64,
  encoderFfnEmbedDim: 128,
  encoderLayers: 2,
  encoderAttentionHeads: 4,
  decoderLayers: 2,
  decoderAttentionHeads: 4,
  shareAllEmbeddings: true,
  dropout: 0,
});

export function referenceTask(): TranslationTask {
  return openTranslationTask(goldenData, {
    sourceLang: 'de',
    targetLang: 'en',
    leftPadSource: true,
    leftPadTarget: false,
    maxSourcePositions: 1024,
    maxTargetPositions: 1024,
    truncateSource: false,
  });
}

export function buildTransformer(
  task: TranslationTask,
  options: OptionsOf<typeof transformer.options> = REFERENCE_OPTIONS,
  seed: number | null = 1,
): TranslationModel {
  return transformer.build(options, modelContext(task, seed));
}

/** The context of a task for building a model. */
export function modelContext(task: TranslationTask, seed: number | null = 1): ModelContext {
  return {
    sourceVocab: task.sourceDictionary.size,
    targetVocab: task.targetDictionary.size,
    padIndex: task.targetDictionary.padIndex,
    eosIndex: task.targetDictionary.eosIndex,
    maxSourcePositions: 1024,
    maxTargetPositions: 1024,
    joinedDictionary: task.joinedDictionary,
    seed,
  };
}

/** The reference model with the weights of one of fairseq's checkpoints. */
export function referenceModel(task: TranslationTask, weights: Parameters<typeof goldenWeights>[0]): TranslationModel {
  const model = buildTransformer(task, REFERENCE_OPTIONS, null);
  loadWeights(model.parameters, goldenWeights(weights), weights);
  return model;
}

/** A whole split as one batch. */
export function wholeSplit(task: TranslationTask, split: string): TranslationBatch {
  const data = task.loadSplit(split);
  return task.collate(
    data,
    Int32Array.from({ length: data.sizes.source.length }, (_, id) => id),
  );
}

/** The source of a batch as a model reads it. */
export const sourceTable = ({ sourceTokens, batchSize, sourceLength }: TranslationBatch): TokenTable => ({
  ids: sourceTokens,
  batch: batchSize,
  time: sourceLength,
});

/** Teacher-forced features of every target position, padding included: float32 [batch, target, embed]. */
export function batchFeatures(model: TranslationModel, batch: TranslationBatch, mode: Mode = EVALUATION): tf.Tensor3D {
  const { batchSize, targetLength, prevOutputTokens } = batch;
  const previous = { ids: prevOutputTokens, batch: batchSize, time: targetLength };
  const { features } = model.decode(previous, model.encode(sourceTable(batch), mode), mode, 'all');
  return tf.reshape(features, [batchSize, targetLength, features.shape[1]]);
}
