import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { transformer } from '../../models/transformer.js';
import { averageCheckpointsCommand } from '../../src/cli/average-checkpoints.js';
import { trainCommand } from '../../src/cli/train.js';
import { unsupportedInTraining, unsupportedInValidation } from '../../src/cli/unsupported-training-flags.js';
import { validateCommand } from '../../src/cli/validate.js';
import { flagOf, type OptionSchema } from '../../src/options/schema.js';

const document = readFileSync(new URL('../../docs/fairseq-parity-training.md', import.meta.url), 'utf8');
const flagsOf = (schema: OptionSchema): string[] => Object.entries(schema).map(([key, spec]) => flagOf(key, spec));

describe('docs/fairseq-parity-training.md', () => {
  it.each([
    ['train', flagsOf(trainCommand.options)],
    ['the transformer', flagsOf(transformer.options)],
    ['validate', flagsOf(validateCommand.options)],
    ['average-checkpoints', flagsOf(averageCheckpointsCommand.options)],
  ])('has a row for every option of %s', (_, flags) => {
    expect(flags.filter((flag) => !document.includes(`\`${flag}\``))).toEqual([]);
  });

  it('has the message of every option that is not supported', () => {
    const rows = document.split('\n');
    for (const [flag, remedy] of Object.entries({ ...unsupportedInTraining, ...unsupportedInValidation })) {
      const row = rows.find((line) => line.includes(`\`${flag}\``) && line.includes(`("${remedy}")`));
      expect(row, flag).toBeDefined();
    }
  });
});
