import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UserError } from '../errors.js';
import { checkpointFile, existingCheckpointFile, isFairseqFile } from './checkpoint-path.js';
import { describeFairseqCheckpoint, readFairseqCheckpoint } from './fairseq/read-checkpoint.js';
import { writeFairseqCheckpoint } from './fairseq/write-checkpoint.js';
import { restoreWeights } from './int8-weights.js';
import { type CheckpointMetadata, decodeMetadata, encodeMetadata } from './metadata.js';
import { readSafetensors, writeSafetensors } from './safetensors.js';
import type { NamedTensor } from './safetensors-header.js';
import {
  AVERAGE,
  type CheckpointOutline,
  isWeight,
  OPTIMIZER,
  storedMetadata,
  storedOutline,
} from './stored-checkpoint.js';
import { copyWhole, refuseStream } from './whole-file.js';

/** A model at rest. One safetensors file, so that it is there whole or not at all. */
export interface Checkpoint {
  readonly metadata: CheckpointMetadata;
  /** By fairseq's parameter names, e.g. `encoder.layers.0.self_attn.q_proj.weight`; tied weights once. */
  readonly weights: ReadonlyMap<string, NamedTensor>;
  /** By names of the optimizer's choice; null with --no-save-optimizer-state, in averages, or when not asked for. */
  readonly optimizer: ReadonlyMap<string, NamedTensor> | null;
  /** The moving average of the weights, under their names; absent without --store-ema, or when not asked for. */
  readonly ema?: ReadonlyMap<string, NamedTensor>;
}

/**
 * Writes a checkpoint, replacing one of that name.
 * @param stem e.g. `checkpoints/checkpoint3`; its folder is made; a name that ends in `.pt` gets fairseq's format
 * @param alsoAs further names in the same folder (our format only), e.g. `['checkpoint_best', 'checkpoint_last']`; cost no space
 * @throws UserError where it cannot be written; what stood there before is then still whole
 */
export function saveCheckpoint(stem: string, checkpoint: Checkpoint, alsoAs: readonly string[] = []): void {
  if (stem.endsWith('/')) throw new UserError(`${stem} names no checkpoint`, 'add its name behind the folder');
  refuseStream(stem);
  if (isFairseqFile(stem)) {
    writeFairseqCheckpoint(stem, checkpoint);
    return;
  }
  const tensors = new Map(checkpoint.weights);
  for (const [name, tensor] of checkpoint.optimizer ?? []) tensors.set(OPTIMIZER + name, tensor);
  for (const [name, tensor] of checkpoint.ema ?? []) tensors.set(AVERAGE + name, tensor);
  writeSafetensors(checkpointFile(stem), { tensors, metadata: encodeMetadata(checkpoint.metadata) });
  for (const name of alsoAs) copyWhole(checkpointFile(stem), checkpointFile(join(dirname(stem), name)));
}

/**
 * @param stem with or without `.safetensors`, or fairseq's `checkpoint.pt`
 * @param options.optimizer whether to read the optimizer's state, twice as large as the weights
 * @param options.ema whether to read the moving average
 * @throws UserError for a checkpoint that is missing (suggesting others), cut short or damaged
 */
export function loadCheckpoint(
  stem: string,
  options: { readonly optimizer: boolean; readonly ema?: boolean },
): Checkpoint {
  const file = existingCheckpointFile(stem);
  if (isFairseqFile(file)) return readFairseqCheckpoint(file, { ...options, weights: true });
  const { tensors, metadata } = readSafetensors(file, (name) => {
    if (name.startsWith(OPTIMIZER)) return options.optimizer;
    return options.ema === true || !name.startsWith(AVERAGE);
  });
  const of = (prefix: string): Map<string, NamedTensor> | null => {
    const chosen = [...tensors].filter(([name]) => name.startsWith(prefix));
    return chosen.length === 0 ? null : new Map(chosen.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
  };
  const ema = of(AVERAGE);
  return {
    metadata: decodeMetadata(metadata, file),
    weights: restoreWeights(new Map([...tensors].filter(([name]) => isWeight(name))), file),
    optimizer: of(OPTIMIZER),
    ...(ema === null ? {} : { ema }),
  };
}

/** The metadata alone: reads no tensor. @throws UserError as loadCheckpoint */
export function loadMetadata(stem: string): CheckpointMetadata {
  const stored = storedMetadata(stem);
  if (stored !== null) return stored;
  return readFairseqCheckpoint(existingCheckpointFile(stem), { weights: false, optimizer: false }).metadata;
}

/** What a checkpoint says, and which weights it holds: reads no tensor. @throws UserError as loadCheckpoint */
export function describeCheckpoint(stem: string): CheckpointOutline {
  return storedOutline(stem) ?? describeFairseqCheckpoint(existingCheckpointFile(stem));
}

/** Removes checkpoints of a folder by their names; one that is gone already is no error. */
export function deleteCheckpoints(folder: string, names: readonly string[]): void {
  for (const name of names) rmSync(checkpointFile(join(folder, name)), { force: true });
}
