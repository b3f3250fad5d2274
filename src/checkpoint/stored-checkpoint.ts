import { existingCheckpointFile, isFairseqFile } from './checkpoint-path.js';
import { INT8_SCALE } from './int8-weights.js';
import { type CheckpointMetadata, decodeMetadata } from './metadata.js';
import { openSafetensors, readSafetensors, type StoredTensors } from './safetensors.js';
import type { Dtype } from './safetensors-header.js';

// What translation reads of a checkpoint in our format, without the modules that read and write fairseq's.

/** Before the names of tensors in the file that are no weights; weights stand under fairseq's own names. */
export const OPTIMIZER = 'optimizer.';

/** Prefix of the tensors of the moving average. */
export const AVERAGE = 'ema.';

/** Whether a tensor of a checkpoint is a weight of the model. */
export const isWeight = (name: string): boolean => !name.startsWith(OPTIMIZER) && !name.startsWith(AVERAGE);

/** What a checkpoint says, and which weights it holds, without their values. */
export interface CheckpointOutline {
  readonly metadata: CheckpointMetadata;
  readonly weights: ReadonlyMap<string, { readonly shape: readonly number[] }>;
}

/** A checkpoint whose weights, all of them float32, stay in the file until they are read. */
export interface StoredCheckpoint {
  readonly metadata: CheckpointMetadata;
  readonly weights: ReadonlyMap<string, { readonly dtype: Dtype; readonly shape: readonly number[] }>;
  readonly read: StoredTensors['read'];
}

/**
 * Opens a checkpoint to read its weights one by one; null where they have to be converted: in fairseq's format, in int8.
 * @throws UserError as loadCheckpoint
 */
export function openCheckpoint(stem: string): StoredCheckpoint | null {
  const file = existingCheckpointFile(stem);
  if (isFairseqFile(file)) return null;
  const { entries, metadata, read } = openSafetensors(file);
  const weights = new Map([...entries].filter(([name]) => isWeight(name)));
  if ([...weights.values()].some(({ dtype }) => dtype !== 'F32')) return null;
  return { metadata: decodeMetadata(metadata, file), weights, read };
}

/** A checkpoint in our format without its tensors; null in fairseq's. @throws UserError as loadCheckpoint */
export function storedOutline(stem: string): CheckpointOutline | null {
  const file = existingCheckpointFile(stem);
  if (isFairseqFile(file)) return null;
  const { entries, metadata } = openSafetensors(file);
  const weights = [...entries].filter(([name]) => isWeight(name) && !name.startsWith(INT8_SCALE));
  return { metadata: decodeMetadata(metadata, file), weights: new Map(weights) };
}

/** The metadata alone; null in fairseq's format. @throws UserError as loadCheckpoint */
export function storedMetadata(stem: string): CheckpointMetadata | null {
  const file = existingCheckpointFile(stem);
  return isFairseqFile(file) ? null : decodeMetadata(readSafetensors(file, () => false).metadata, file);
}
