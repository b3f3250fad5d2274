import { existingCheckpointFile, isFairseqFile } from './checkpoint-path.js';
import { INT8_SCALE } from './int8-weights.js';
import { type CheckpointMetadata, decodeMetadata } from './metadata.js';
import { openSafetensors, readSafetensors, type StoredTensors } from './safetensors.js';
import type { Dtype, NamedTensor } from './safetensors-header.js';

// Reads checkpoints in our format for translation, without loading the modules for fairseq's format.

/** A model on disk, in one safetensors file: written whole or not at all. */
export interface Checkpoint {
  readonly metadata: CheckpointMetadata;
  /** By fairseq's parameter names, e.g. `encoder.layers.0.self_attn.q_proj.weight`; tied weights once. */
  readonly weights: ReadonlyMap<string, NamedTensor>;
  /** By the optimizer's own names; null with --no-save-optimizer-state, in averages, or if not requested. */
  readonly optimizer: ReadonlyMap<string, NamedTensor> | null;
  /** The moving average of the weights, under their names; absent without --store-ema, or if not requested. */
  readonly ema?: ReadonlyMap<string, NamedTensor>;
}

/** Prefix of the tensors of the optimizer's state. Weights have fairseq's names, without a prefix. */
export const OPTIMIZER = 'optimizer.';

/** Prefix of the tensors of the moving average. */
export const AVERAGE = 'ema.';

/** Whether a tensor of a checkpoint is a weight of the model. */
export const isWeight = (name: string): boolean => !name.startsWith(OPTIMIZER) && !name.startsWith(AVERAGE);

/** The metadata of a checkpoint and the shapes of its weights. */
export interface CheckpointOutline {
  readonly metadata: CheckpointMetadata;
  readonly weights: ReadonlyMap<string, { readonly shape: readonly number[] }>;
}

/** An open checkpoint with float32 weights, which stay in the file until `read` reads them. */
export interface StoredCheckpoint {
  readonly metadata: CheckpointMetadata;
  readonly weights: ReadonlyMap<string, { readonly dtype: Dtype; readonly shape: readonly number[] }>;
  readonly read: StoredTensors['read'];
}

/**
 * Opens a checkpoint to read its weights one by one.
 * @returns null if the weights must be converted: in fairseq's format, or in int8
 * @throws UserError as loadCheckpoint does
 */
export function openCheckpoint(stem: string): StoredCheckpoint | null {
  const file = existingCheckpointFile(stem);
  if (isFairseqFile(file)) return null;
  const { entries, metadata, read } = openSafetensors(file);
  const weights = new Map([...entries].filter(([name]) => isWeight(name)));
  if ([...weights.values()].some(({ dtype }) => dtype !== 'F32')) return null;
  return { metadata: decodeMetadata(metadata, file), weights, read };
}

/**
 * Reads the outline of a checkpoint in our format; null for fairseq's format.
 * @throws UserError as loadCheckpoint does
 */
export function storedOutline(stem: string): CheckpointOutline | null {
  const file = existingCheckpointFile(stem);
  if (isFairseqFile(file)) return null;
  const { entries, metadata } = openSafetensors(file);
  const weights = [...entries].filter(([name]) => isWeight(name) && !name.startsWith(INT8_SCALE));
  return { metadata: decodeMetadata(metadata, file), weights: new Map(weights) };
}

/** Reads the metadata only; null for fairseq's format. @throws UserError as loadCheckpoint does */
export function storedMetadata(stem: string): CheckpointMetadata | null {
  const file = existingCheckpointFile(stem);
  return isFairseqFile(file) ? null : decodeMetadata(readSafetensors(file, () => false).metadata, file);
}
