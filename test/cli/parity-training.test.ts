import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { transformer } from '../../models/transformer.js';
import { averageCheckpointsCommand } from '../../src/cli/commands/average-checkpoints.js';
import { trainCommand } from '../../src/cli/commands/train.js';
import { validateCommand } from '../../src/cli/commands/validate.js';
import { ignoredInTraining, ignoredInValidation } from '../../src/cli/options/ignored-flags.js';
import { unsupportedInTraining, unsupportedInValidation } from '../../src/cli/options/unsupported-training-flags.js';
import { flagOf, type OptionSchema } from '../../src/options/schema.js';
import { parityRows } from '../helpers/parity-rows.js';

/** What a row of this document begins with, by the verdict of docs/fairseq-parity.md. */
const BEGINNINGS: Readonly<Record<string, RegExp>> = {
  same: /^same\b/,
  different: /^(different on purpose|accepted, without effect)/,
  'in part': /^in part/,
  ours: /^ours/,
  ignored: /^ignored/,
  'not supported': /^not supported/,
};

/** What this document says of each option of each command; `as in train` stands for what it says there. */
function verdictsHere(): Map<string, string> {
  const verdicts = new Map<string, string>();
  let command = '';
  for (const line of document.split('\n')) {
    command = /^### .*`(train|validate|average-checkpoints)`/.exec(line)?.[1] ?? command;
    const [, flags, verdict] = /^\| (`--.*?) \| (.*) \|$/.exec(line) ?? [];
    for (const [, flag] of (flags ?? '').matchAll(/`(--[\w-]+)`/g)) {
      const asInTrain = verdict!.startsWith('as in `train`') || verdict!.endsWith('as in `train`');
      verdicts.set(`${command} ${flag}`, asInTrain ? (verdicts.get(`train ${flag}`) ?? verdict!) : verdict!);
    }
  }
  return verdicts;
}

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

  it('contradicts docs/fairseq-parity.md nowhere', () => {
    const here = verdictsHere();
    const both = parityRows.flatMap(({ commands, flags, verdict }) =>
      commands.flatMap((command) => flags.map((flag) => ({ name: `${command} ${flag}`, verdict }))),
    );
    const compared = both.filter(({ name }) => here.has(name));
    expect(compared.length).toBeGreaterThan(150);
    const contradictions = compared.filter(({ name, verdict }) => !BEGINNINGS[verdict]!.test(here.get(name)!));
    expect(contradictions.map(({ name, verdict }) => `${name}: ${verdict}, and ${here.get(name)}`)).toEqual([]);
  });

  it('has a row for every option that is ignored', () => {
    const here = verdictsHere();
    for (const [command, ignored] of [
      ['train', ignoredInTraining],
      ['validate', ignoredInValidation],
    ] as const) {
      for (const [key, { spec, only }] of Object.entries(ignored)) {
        const flag = flagOf(key, spec);
        const verdict = here.get(`${command} ${flag}`) ?? here.get(`train ${flag}`);
        expect(verdict, flag).toMatch(/^ignored/);
        if (only === undefined) continue;
        expect(verdict, flag).toContain(`("${only.remedy}")`);
        for (const value of only.values) if (typeof value === 'string') expect(verdict, flag).toContain(`\`${value}\``);
      }
    }
  });

  it('has the message of every option that is not supported', () => {
    const rows = document.split('\n');
    for (const [flag, remedy] of Object.entries({ ...unsupportedInTraining, ...unsupportedInValidation })) {
      const row = rows.find((line) => line.includes(`\`${flag}\``) && line.includes(`("${remedy}")`));
      expect(row, flag).toBeDefined();
    }
  });
});
