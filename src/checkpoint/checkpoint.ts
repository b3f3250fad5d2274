import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { checkpointFile, existingCheckpointFile, isFairseqFile } from './checkpoint-path.js';
import { readFairseqCheckpoint } from './fairseq/read-checkpoint.js';
import { writeFairseqCheckpoint } from './fairseq/write-checkpoint.js';
import { type CheckpointMetadata, decodeMetadata, encodeMetadata } from './metadata.js';
import { readSafetensors, writeSafetensors } from './safetensors.js';
import type { NamedTensor } from './safetensors-header.js';
import { copyWhole } from './whole-file.js';

/** Before the names of the optimizer's tensors in the file; weights stand under fairseq's own names. */
const OPTIMIZER = 'optimizer.';

/** A model at rest. One safetensors file, so that it is there whole or not at all. */
export interface Checkpoint {
  readonly metadata: CheckpointMetadata;
  /** By fairseq's parameter names, e.g. `encoder.layers.0.self_attn.q_proj.weight`; tied weights once. */
  readonly weights: ReadonlyMap<string, NamedTensor>;
  /** By names of the optimizer's choice; null with --no-save-optimizer-state, in averages, or when not asked for. */
  readonly optimizer: ReadonlyMap<string, NamedTensor> | null;
}

/**
 * Writes a checkpoint, replacing one of that name.
 * @param stem e.g. `checkpoints/checkpoint3`; its folder is made; a name that ends in `.pt` gets fairseq's format
 * @param alsoAs further names in the same folder (our format only), e.g. `['checkpoint_best', 'checkpoint_last']`; cost no space
 * @throws UserError where it cannot be written; what stood there before is then still whole
 */
export function saveCheckpoint(stem: string, checkpoint: Checkpoint, alsoAs: readonly string[] = []): void {
  if (isFairseqFile(stem)) {
    writeFairseqCheckpoint(stem, checkpoint);
    return;
  }
  const tensors = new Map(checkpoint.weights);
  for (const [name, tensor] of checkpoint.optimizer ?? []) tensors.set(OPTIMIZER + name, tensor);
  writeSafetensors(checkpointFile(stem), { tensors, metadata: encodeMetadata(checkpoint.metadata) });
  for (const name of alsoAs) copyWhole(checkpointFile(stem), checkpointFile(join(dirname(stem), name)));
}

/**
 * @param stem with or without `.safetensors`, or fairseq's `checkpoint.pt`
 * @param options.optimizer whether to read the optimizer's state, twice as large as the weights
 * @throws UserError for a checkpoint that is missing (suggesting others), cut short or damaged
 */
export function loadCheckpoint(stem: string, options: { readonly optimizer: boolean }): Checkpoint {
  const file = existingCheckpointFile(stem);
  if (isFairseqFile(file)) return readFairseqCheckpoint(file, { ...options, weights: true });
  const { tensors, metadata } = readSafetensors(file, (name) => options.optimizer || !name.startsWith(OPTIMIZER));
  const weights = new Map<string, NamedTensor>();
  const optimizer = new Map<string, NamedTensor>();
  for (const [name, tensor] of tensors) {
    if (name.startsWith(OPTIMIZER)) optimizer.set(name.slice(OPTIMIZER.length), tensor);
    else weights.set(name, tensor);
  }
  return { metadata: decodeMetadata(metadata, file), weights, optimizer: optimizer.size > 0 ? optimizer : null };
}

/** The metadata alone: reads no tensor. @throws UserError as loadCheckpoint */
export function loadMetadata(stem: string): CheckpointMetadata {
  const file = existingCheckpointFile(stem);
  if (isFairseqFile(file)) return readFairseqCheckpoint(file, { weights: false, optimizer: false }).metadata;
  return decodeMetadata(readSafetensors(file, () => false).metadata, file);
}

/** Removes checkpoints of a folder by their names; one that is gone already is no error. */
export function deleteCheckpoints(folder: string, names: readonly string[]): void {
  for (const name of names) rmSync(checkpointFile(join(folder, name)), { force: true });
}
