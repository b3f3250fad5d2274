import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PairSizes } from '../../src/data/batching.js';
import { EpochIterator, type EpochState, shardBatches } from '../../src/data/epoch-iterator.js';
import { openIndexedDataset } from '../../src/data/indexed-dataset.js';
import { makeBatches } from '../../src/data/make-batches.js';

type Update = number[][];
interface GoldenCase {
  name: string;
  args: string[];
  epochs: Update[][];
}
/** Removes the empty batches that keep fairseq's workers in step; a single process does not need them. */
const withoutFillers = (updates: readonly Update[]): Update[] =>
  updates.map((update) => update.filter((batch) => batch.length > 0)).filter((update) => update.length > 0);

const { cases } = JSON.parse(readFileSync('test/golden/model/batches.json', 'utf8')) as { cases: GoldenCase[] };

function sizesOf(language: string): Int32Array {
  const store = openIndexedDataset(`test/golden/data/joined/train.de-en.${language}`);
  store.close();
  return store.sizes;
}
const sizes: PairSizes = { source: sizesOf('de'), target: sizesOf('en') };

/** Sorts each batch: collation decides the order within a batch, which PyTorch leaves open for equal lengths. */
const asSets = (updates: Iterable<readonly (readonly number[] | Int32Array)[]>): Update[] =>
  Array.from(updates, (update) => update.map((batch) => [...batch].sort((a, b) => a - b)));

describe("fairseq's order of the training batches", () => {
  it.each(cases)('$name', ({ name, args, epochs }) => {
    const argument = (flag: string): number | null =>
      args.includes(flag) ? Number(args[args.indexOf(flag) + 1]) : null;
    const seed = argument('--seed') ?? 1;
    const { batches } = makeBatches(sizes, {
      split: 'train',
      seed,
      maxTokens: argument('--max-tokens'),
      maxSentences: argument('--batch-size'),
      requiredBatchSizeMultiple: argument('--required-batch-size-multiple') ?? 8,
    });
    const [, shard, shards] = /shard (\d) of (\d)/.exec(name) ?? ['', 0, 1];
    const sharding = { shard: Number(shard), shards: Number(shards) };
    const iterator = new EpochIterator(batches, { seed, sharding, curriculum: argument('--curriculum') ?? 0 });
    const updateFrequency = Number(/update-freq (\d)/.exec(name)?.[1] ?? 1);
    for (const epoch of epochs)
      expect(asSets(iterator.updates(updateFrequency))).toEqual(withoutFillers(asSets(epoch)));
  });
});

describe('sharding', () => {
  it('gives every batch to one shard, and shards differ by at most one batch', () => {
    fc.assert(
      fc.property(fc.nat(50), fc.integer({ min: 1, max: 8 }), (count, shards) => {
        const batches = Array.from({ length: count }, (_, id) => Int32Array.of(id));
        const parts = Array.from({ length: shards }, (_, shard) => shardBatches(batches, { shards, shard }));
        const lengths = parts.map((part) => part.length);
        expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1);
        expect(lengths).toEqual(
          parts.map((_, shard) => new EpochIterator(batches, { seed: 1, sharding: { shards, shard } }).batchesPerEpoch),
        );
        const ids = parts.flatMap((part) => part.flatMap((batch) => [...batch]));
        expect(ids.sort((a, b) => a - b)).toEqual(batches.map((batch) => batch[0]));
      }),
    );
  });
});

describe('the state of an iterator', () => {
  const batchesOf = (count: number): Int32Array[] => Array.from({ length: count }, (_, id) => Int32Array.of(id));

  it('resumes at any update with exactly the rest', () => {
    const setting = fc.record({
      count: fc.integer({ min: 1, max: 30 }),
      seed: fc.nat(1000),
      updateFrequency: fc.integer({ min: 1, max: 5 }),
      curriculum: fc.nat(2),
      shards: fc.integer({ min: 1, max: 3 }),
      stopAfter: fc.nat(60),
    });
    fc.assert(
      fc.property(setting, ({ count, seed, updateFrequency, curriculum, shards, stopAfter }) => {
        const options = { seed, curriculum, sharding: { shards, shard: 0 } };
        const seen: { update: Update; state: EpochState }[] = [];
        const whole = new EpochIterator(batchesOf(count), options);
        for (let epoch = 0; epoch < 3; epoch++) {
          for (const update of whole.updates(updateFrequency)) {
            seen.push({ update: asSets([update])[0]!, state: JSON.parse(JSON.stringify(whole.state())) });
          }
        }
        const stop = stopAfter % seen.length;
        const resumed = new EpochIterator(batchesOf(count), options, seen[stop]!.state);
        const rest: Update[] = [];
        while (rest.length < seen.length - stop - 1) rest.push(...asSets(resumed.updates(updateFrequency)));
        expect(rest).toEqual(seen.slice(stop + 1).map(({ update }) => update));
      }),
    );
  });

  it('counts batches of the epoch, and is the start of the next epoch at the end of one', () => {
    const iterator = new EpochIterator(batchesOf(5), { seed: 1 });
    const states = Array.from(iterator.updates(2), () => iterator.state());
    expect(states).toEqual([
      { epoch: 1, iterationsInEpoch: 2, shuffle: true },
      { epoch: 1, iterationsInEpoch: 4, shuffle: true },
      { epoch: 2, iterationsInEpoch: 0, shuffle: true },
    ]);
    expect([iterator.epoch, iterator.endOfEpoch, iterator.updatesPerEpoch(2)]).toEqual([1, true, 3]);
  });

  it('continues the epoch when its loop is left and entered again', () => {
    const iterator = new EpochIterator(batchesOf(4), { seed: 1 });
    const expected = [...new EpochIterator(batchesOf(4), { seed: 1 }).updates()];
    const [first] = iterator.updates();
    expect([first, ...iterator.updates()]).toEqual(expected);
  });

  it('keeps the order of its epoch when --curriculum changes', () => {
    const batches = batchesOf(9);
    for (const [then, now] of [
      [0, 1],
      [1, 0],
    ]) {
      const whole = new EpochIterator(batches, { seed: 3, curriculum: then! });
      const [first, ...rest] = whole.updates();
      const stopped = new EpochIterator(batches, { seed: 3, curriculum: then! });
      expect(stopped.updates().next().value).toEqual(first);
      const resumed = new EpochIterator(batches, { seed: 3, curriculum: now! }, stopped.state());
      expect([...resumed.updates()]).toEqual(rest);
    }
  });

  it('ends immediately without batches', () => {
    expect([...new EpochIterator([], { seed: 1 }).updates()]).toEqual([]);
  });
});
