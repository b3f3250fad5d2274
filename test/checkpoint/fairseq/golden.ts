import { fileURLToPath } from 'node:url';
import { readSafetensors } from '../../../src/checkpoint/safetensors.js';
import type { NamedTensor } from '../../../src/checkpoint/safetensors-header.js';

/** A file in test/golden/checkpoint, written by PyTorch. */
export const golden = (name: string): string =>
  fileURLToPath(new URL(`../../golden/checkpoint/${name}`, import.meta.url));

/** The checkpoints and their expected contents. */
export const GOLDEN_CHECKPOINTS = ['main', 'fp16', 'old'] as const;
export type GoldenCheckpoint = (typeof GOLDEN_CHECKPOINTS)[number];

const OPTIMIZER = 'optimizer.';

export function goldenTensors(name: GoldenCheckpoint): {
  weights: Map<string, NamedTensor>;
  optimizer: Map<string, NamedTensor>;
} {
  const tensors = [...readSafetensors(golden(`fairseq-${name}.safetensors`)).tensors];
  return {
    weights: new Map(tensors.filter(([key]) => !key.startsWith(OPTIMIZER))),
    optimizer: new Map(
      tensors.flatMap(([key, tensor]) => (key.startsWith(OPTIMIZER) ? [[key.slice(OPTIMIZER.length), tensor]] : [])),
    ),
  };
}
