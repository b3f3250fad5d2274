import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { batchBySize, orderedIndices, pairTokens } from '../../src/data/batching.js';
import { EpochIterator } from '../../src/data/epoch-iterator.js';
import { openIndexedDataset } from '../../src/data/indexed-dataset.js';

const { cases } = JSON.parse(readFileSync('test/golden/model/batches.json', 'utf8'));
const norm = (e: any) =>
  e.map((u: any) => u.map((g: any) => g.map((b: any) => [...b].sort((x: number, y: number) => x - y))));
describe('x', () => {
  it.each(cases as any[])('$name', ({ args, name, epochs }) => {
    const sizes = {
      source: openIndexedDataset('test/golden/data/joined/train.de-en.de').sizes,
      target: openIndexedDataset('test/golden/data/joined/train.de-en.en').sizes,
    };
    const arg = (flag: string, d: number) => (args.includes(flag) ? Number(args[args.indexOf(flag) + 1]) : d);
    const seed = arg('--seed', 1);
    for (const add of [0, 1]) {
      const batches = batchBySize(orderedIndices(sizes, seed + add), (i) => pairTokens(sizes, i), {
        maxTokens: arg('--max-tokens', 0),
        maxSentences: arg('--batch-size', 0),
        requiredBatchSizeMultiple: arg('--required-batch-size-multiple', 8),
      });
      const shard = /shard (\d) of (\d)/.exec(name);
      const it = new EpochIterator(batches, {
        seed,
        curriculum: arg('--curriculum', 0),
        ...(shard ? { sharding: { shard: Number(shard[1]), shards: Number(shard[2]) } } : {}),
      });
      const freq = Number(/update-freq (\d)/.exec(name)?.[1] ?? 1);
      const got = epochs.map(() => [...it.updates(freq)].map((u) => u.map((b) => [...b])));
      console.log(
        name,
        add,
        JSON.stringify(got) === JSON.stringify(epochs),
        JSON.stringify(norm(got)) === JSON.stringify(norm(epochs)),
      );
    }
  });
});
