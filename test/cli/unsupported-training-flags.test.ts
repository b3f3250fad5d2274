import { describe, expect, it } from 'vitest';
import { trainCommand } from '../../src/cli/commands/train.js';
import { validateCommand } from '../../src/cli/commands/validate.js';
import { unsupportedInTraining, unsupportedInValidation } from '../../src/cli/options/unsupported-training-flags.js';
import { builtInComponents } from '../../src/components.js';
import { flagOf, type OptionSchema } from '../../src/options/schema.js';
import { runCommandLine } from '../helpers/command-line.js';

const SEVERAL_PROCESSES =
  'start several processes with mpirun -n N (docs/distributed.md); for larger batches in one process, raise --update-freq';

const { architectures, criterions, optimizers, lrSchedulers } = builtInComponents();
const everyPlugin: OptionSchema = Object.assign(
  {},
  ...architectures.values().map(({ model }) => model.options),
  ...[criterions, optimizers, lrSchedulers].flatMap((registry) => registry.values().map(({ options }) => options)),
);

const flagsOf = (schema: OptionSchema): string[] =>
  Object.entries(schema).flatMap(([key, spec]) => [flagOf(key, spec), ...(spec.aliases ?? [])]);

describe("fairseq's options that are not supported", () => {
  it.each([
    [
      'train',
      '--wandb-project',
      'metrics are not sent to any service; save them with --log-format json --log-file FILE',
    ],
    ['train', '--load-alignments', 'training does not use alignments; remove the flag'],
    ['train', '--upsample-primary', 'a data folder has one train split; repeat lines of the text before preprocess'],
    ['train', '--num-batch-buckets', 'sentences are padded to the longest of their batch only; remove the flag'],
    ['train', '--load-alignments=20', 'training does not use alignments; remove the flag'],
    ['train', '--use-sharded-state', SEVERAL_PROCESSES],
    ['validate', '--cpu-offload', SEVERAL_PROCESSES],
    ['validate', '--num-shards', 'the splits are evaluated whole, in one process; remove the flag'],
    ['validate', '--results-path', 'validate prints no translations; use generate'],
  ])('%s %s is answered with what to do', async (command, flag, remedy) => {
    const { code, stderr } = await runCommandLine([command, 'data', flag, '1']);
    const name = flag.split('=')[0];
    expect({ code, stderr }).toEqual({ code: 2, stderr: `ts-fairseq: ${name} is not supported; ${remedy}\n` });
  });

  it.each([
    ['train', { ...trainCommand.options, ...everyPlugin }, unsupportedInTraining],
    ['validate', validateCommand.options, unsupportedInValidation],
  ])('are none of those that %s has', (_, options, unsupported) => {
    expect(flagsOf(options).filter((flag) => flag in unsupported)).toEqual([]);
  });
});
