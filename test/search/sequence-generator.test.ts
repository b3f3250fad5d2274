import { describe, expect, it } from 'vitest';
import { transformer } from '../../models/transformer.js';
import { openDevice } from '../../src/devices/index.js';
import { selectOptions } from '../../src/options/select.js';
import { SequenceGenerator, searchOptions, symbolsOf } from '../../src/search/index.js';
import { modelContext, REFERENCE_OPTIONS, referenceTask } from '../helpers/reference-model.js';

/** A batch of sources, padded on the left. */
function inputOf(...sources: number[][]) {
  const sourceLength = Math.max(...sources.map(({ length }) => length));
  const padded = sources.flatMap((source) => [...Array(sourceLength - source.length).fill(1), ...source] as number[]);
  return {
    batchSize: sources.length,
    sourceLength,
    sourceTokens: Int32Array.from(padded),
    sourceLengths: Int32Array.from(sources, ({ length }) => length),
  };
}

describe('an empty sentence', () => {
  const nothing = { tokens: Int32Array.of(2), score: 0, tokenScores: Float32Array.of(0) };

  it('has an empty translation and does not affect the others', async () => {
    await openDevice('cpu', { threads: 1 });
    const task = referenceTask();
    const model = transformer.build(REFERENCE_OPTIONS, modelContext(task));
    const options = selectOptions(searchOptions, { beam: 2, maxLenB: 5 });
    const search = (attention: boolean, minLen = 1) =>
      new SequenceGenerator([model], symbolsOf(task.targetDictionary), { ...options, minLen }, attention);
    const full = [10, 11, 2];

    const mixed = await search(true).translate(inputOf([2], full, [2]));
    const empty = { ...nothing, attention: [Float32Array.of(1)] };
    expect([mixed[0], mixed[2]]).toEqual([[empty], [empty]]);
    const [alone] = await search(true).translate(inputOf(full));
    expect(mixed[1]!.map(({ tokens }) => tokens)).toEqual(alone!.map(({ tokens }) => tokens));

    // Its output could not have at least 9 tokens.
    const apart = search(false, 9).translate(inputOf([2], [2]));
    await expect(apart).resolves.toEqual([[{ ...nothing, attention: null }], [{ ...nothing, attention: null }]]);

    const prefixTokens = { tokens: Int32Array.of(12), length: 1, lengths: Int32Array.of(1) };
    const [prefixed] = await search(false).translate({ ...inputOf([2]), prefixTokens });
    expect(prefixed![0]!.tokens[0]).toBe(12);
    const holding = { ...options, constraints: 'ordered' as const, beam: 5, maxLenB: 20 };
    const constrained = new SequenceGenerator([model], symbolsOf(task.targetDictionary), holding);
    const [held] = await constrained.translate({ ...inputOf([2]), phrases: [[Int32Array.of(12)]] });
    expect(held![0]!.tokens).toContain(12);
    expect(await constrained.translate({ ...inputOf([2]), phrases: [[]] })).toEqual([
      [{ ...nothing, attention: null }],
    ]);
    model.dispose();
  });
});

describe('the maximum output length', () => {
  it('including </s> equals the size of the position table of the target', async () => {
    await openDevice('cpu', { threads: 1 });
    const task = referenceTask();
    const context = { ...modelContext(task), maxTargetPositions: 6 };
    const model = transformer.build({ ...REFERENCE_OPTIONS, decoderLearnedPos: true }, context);
    // An output of --min-len tokens before </s> reaches the maximum output length.
    const search = (minLen: number) =>
      new SequenceGenerator(
        [model],
        symbolsOf(task.targetDictionary),
        selectOptions(searchOptions, { beam: 2, minLen }),
      );
    const input = {
      batchSize: 1,
      sourceLength: 2,
      sourceTokens: Int32Array.of(10, 2),
      sourceLengths: Int32Array.of(2),
    };
    const [hypotheses] = await search(5).translate(input);
    expect(hypotheses![0]!.tokens).toHaveLength(6);
    await expect(search(6).translate(input)).rejects.toThrow(
      '--min-len 6 is greater than 5, the maximum output length',
    );
    model.dispose();
  });
});
