import { describe, expect, it } from 'vitest';
import { transformer } from '../../models/transformer.js';
import { openDevice } from '../../src/devices/index.js';
import { BeamSearch, searchOptions, symbolsOf } from '../../src/generation/index.js';
import { selectOptions } from '../../src/options/select.js';
import { modelContext, REFERENCE_OPTIONS, referenceTask } from '../helpers/reference-model.js';

describe('the longest output', () => {
  it('has as many tokens with </s> as the position table of the target', async () => {
    await openDevice('cpu', { threads: 1 });
    const task = referenceTask();
    const context = { ...modelContext(task), maxTargetPositions: 6 };
    const model = transformer.build({ ...REFERENCE_OPTIONS, decoderLearnedPos: true }, context);
    // An output of --min-len tokens before </s> is as long as the search allows.
    const search = (minLen: number) =>
      new BeamSearch([model], symbolsOf(task.targetDictionary), selectOptions(searchOptions, { beam: 2, minLen }));
    const input = {
      batchSize: 1,
      sourceLength: 2,
      sourceTokens: Int32Array.of(10, 2),
      sourceLengths: Int32Array.of(2),
    };
    const [hypotheses] = await search(5).translate(input);
    expect(hypotheses![0]!.tokens).toHaveLength(6);
    await expect(search(6).translate(input)).rejects.toThrow('--min-len 6 is more than 5, the longest output');
    model.dispose();
  });
});
