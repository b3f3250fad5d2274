import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UserError } from '../errors.js';
import { copyAtomically, refuseStream } from './atomic-file.js';
import { checkpointFile, existingCheckpointFile, isFairseqFile } from './checkpoint-path.js';
import { restoreWeights } from './compact-weights.js';
import { describeFairseqCheckpoint, readFairseqCheckpoint } from './fairseq/read-checkpoint.js';
import { writeFairseqCheckpoint } from './fairseq/write-checkpoint.js';
import { type CheckpointMetadata, decodeMetadata, encodeMetadata } from './metadata.js';
import { readSafetensors, writeSafetensors } from './safetensors.js';
import type { NamedTensor } from './safetensors-header.js';
import {
  AVERAGE,
  type Checkpoint,
  type CheckpointOutline,
  isWeight,
  OPTIMIZER,
  storedMetadata,
  storedOutline,
} from './stored-checkpoint.js';

/**
 * Writes a checkpoint. Replaces a checkpoint of the same name.
 * @param stem e.g. `checkpoints/checkpoint3`; creates its folder; a name that ends in `.pt` selects fairseq's format
 * @param alsoAs further names in the same folder (our format only), e.g. `['checkpoint_best', 'checkpoint_last']`; they
 * share the disk space
 * @throws UserError if it cannot be written; an existing file is then unchanged
 */
export function saveCheckpoint(stem: string, checkpoint: Checkpoint, alsoAs: readonly string[] = []): void {
  if (stem.endsWith('/')) throw new UserError(`${stem} does not name a checkpoint`, 'add a name after the folder');
  refuseStream(stem);
  if (isFairseqFile(stem)) {
    writeFairseqCheckpoint(stem, checkpoint);
    return;
  }
  const tensors = new Map(checkpoint.weights);
  for (const [name, tensor] of checkpoint.optimizer ?? []) tensors.set(OPTIMIZER + name, tensor);
  for (const [name, tensor] of checkpoint.ema ?? []) tensors.set(AVERAGE + name, tensor);
  writeSafetensors(checkpointFile(stem), { tensors, metadata: encodeMetadata(checkpoint.metadata) });
  for (const name of alsoAs) copyAtomically(checkpointFile(stem), checkpointFile(join(dirname(stem), name)));
}

/**
 * Reads a checkpoint.
 * @param stem with or without `.safetensors`, or fairseq's `checkpoint.pt`
 * @param options.optimizer whether to read the optimizer's state, which is often twice as large as the weights
 * @param options.ema whether to read the moving average
 * @throws UserError if the checkpoint does not exist (suggesting others), is truncated or damaged
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

/** Reads the metadata without any tensor. @throws UserError as loadCheckpoint does */
export function loadMetadata(stem: string): CheckpointMetadata {
  const stored = storedMetadata(stem);
  if (stored !== null) return stored;
  return readFairseqCheckpoint(existingCheckpointFile(stem), { weights: false, optimizer: false }).metadata;
}

/** Reads the metadata and the shapes of the weights without any tensor. @throws UserError as loadCheckpoint does */
export function describeCheckpoint(stem: string): CheckpointOutline {
  return storedOutline(stem) ?? describeFairseqCheckpoint(existingCheckpointFile(stem));
}

/** Deletes checkpoints of a folder by name. A missing one is not an error. */
export function deleteCheckpoints(folder: string, names: readonly string[]): void {
  for (const name of names) rmSync(checkpointFile(join(folder, name)), { force: true });
}
