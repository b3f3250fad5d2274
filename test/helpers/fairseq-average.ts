import { expect } from 'vitest';
import type { NamedTensor } from '../../src/checkpoint/safetensors-header.js';
import { goldenModelValues } from './reference-model.js';

interface Summary {
  readonly shape: number[];
  readonly sum: number;
  readonly norm: number;
  readonly first: number[];
}

/** Names in fairseq's state that refer to a parameter of another name, or to none. */
const NO_PARAMETER =
  /(^|\.)(version|_float_tensor|embed_positions\.weights)$|^decoder\.(embed_tokens|output_projection)\.weight$/;

/** Compares weights with fairseq's average of `initial`, `update20` and `trained`: test/golden/model/README.md. */
export function expectFairseqAverage(mean: ReadonlyMap<string, NamedTensor>): void {
  const { tensors } = goldenModelValues<{ tensors: Record<string, Summary> }>('average');
  const lacking = Object.keys(tensors).filter((name) => !mean.has(name));
  expect(lacking.filter((name) => !NO_PARAMETER.test(name))).toEqual([]);
  for (const [name, { shape, data }] of mean) {
    const { shape: expectedShape, sum, norm, first } = tensors[name]!;
    const values = [...(data as Float32Array)];
    expect(shape).toEqual(expectedShape);
    const close = (actual: number, value: number) =>
      expect(Math.abs(actual - value), name).toBeLessThanOrEqual(1e-6 * Math.abs(value) + 1e-7 * norm);
    close(Math.sqrt(values.reduce((total, value) => total + value * value, 0)), norm);
    close(
      values.reduce((total, value) => total + value, 0),
      sum,
    );
    for (const [index, value] of first.entries()) close(values[index]!, value);
  }
}
