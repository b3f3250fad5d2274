import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { OptionValues } from '../../src/options/schema.js';
import { saveReferenceCheckpoint } from '../helpers/reference-checkpoint.js';
import { goldenData, goldenModelValues } from '../helpers/reference-model.js';
import { runMain } from '../helpers/run-main.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

/** What fairseq computed on the whole valid split with trained.pt, in nats. */
interface Run {
  readonly args: readonly string[];
  readonly loss_sum_nats: number;
  readonly nll_sum_nats: number;
  readonly sample_size: number;
  readonly ntokens: number;
}
const { criterions: runs } = goldenModelValues<{ criterions: Record<string, Run> }>('criterions');

const folder = temporaryFolder();
const crossEntropy = join(folder, 'cross-entropy');
const smoothed = join(folder, 'smoothed');
const oneBatch = ['--max-tokens', '9999', '--required-batch-size-multiple', '1'];

beforeAll(() => {
  // The schedules among the runs stand in epoch 3.
  saveReferenceCheckpoint(crossEntropy, 'trained', { epoch: 3 });
  const options = { criterion: 'label_smoothed_cross_entropy', labelSmoothing: 0.1 };
  saveReferenceCheckpoint(smoothed, 'trained', { options });
});

/** Validates the split as one batch. @returns the metrics by name, as printed */
async function metrics(path: string, ...args: readonly string[]): Promise<Record<string, string>> {
  const { code, stdout, stderr } = await runMain('validate', goldenData, '--path', path, ...oneBatch, ...args);
  expect(code, stderr).toBe(0);
  const [prefix, ...rest] = stdout.trimEnd().split(' | ');
  expect(prefix).toBe("valid on 'valid' subset");
  return Object.fromEntries(rest.map((figure) => figure.split(' ')));
}

/** fairseq's metrics of a run, rounded as it prints them. */
function printed({ loss_sum_nats, nll_sum_nats, sample_size, ntokens }: Run): Record<string, string> {
  const bits = nll_sum_nats / ntokens / Math.LN2;
  const figure = (value: number, digits: number): string => String(Number(value.toFixed(digits)));
  return {
    loss: figure(loss_sum_nats / sample_size / Math.LN2, 3),
    nll_loss: figure(bits, 3),
    ppl: figure(2 ** bits, 2),
  };
}

describe('validate with a checkpoint of cross entropy', () => {
  it.each(Object.entries(runs))("prints fairseq's loss of the criterion on the command line: %s", async (_, run) => {
    const actual = await metrics(crossEntropy, ...run.args);
    expect(actual).toMatchObject({ ...printed(run), wpb: '839', bsz: '34' });
  });
});

describe('validate with a checkpoint of label-smoothed cross entropy', () => {
  it('takes criterion and options from the checkpoint', async () => {
    expect(await metrics(smoothed)).toMatchObject(printed(runs['label_smoothed_cross_entropy_0.1']!));
  });

  it('keeps what the checkpoint was trained with where the command line names the same criterion alone', async () => {
    const actual = await metrics(smoothed, '--criterion', 'label_smoothed_cross_entropy');
    expect(actual).toMatchObject(printed(runs['label_smoothed_cross_entropy_0.1']!));
  });

  it('knows the options of the criterion that it was trained with', async () => {
    const actual = await metrics(smoothed, '--label-smoothing', '0');
    expect(actual).toMatchObject(printed(runs.cross_entropy!));
  });

  it('refuses the options of another, with the nearest that there is', async () => {
    const argv = ['validate', goldenData, '--path', smoothed, ...oneBatch, '--label-smoothness', '0'];
    const { code, stderr } = await runMain(...argv);
    expect(code).toBe(2);
    expect(stderr).toContain("unknown option '--label-smoothness'; did you mean '--label-smoothing'?");
  });

  it('gives another criterion its own defaults, also for options of the same name', async () => {
    const args = ['--criterion', 'label_smoothed_cross_entropy_with_rdrop'];
    expect((await metrics(smoothed, ...args)).loss).toBe((await metrics(crossEntropy, ...args)).loss);
    expect((await metrics(smoothed, ...args)).loss).toBe(printed(runs.cross_entropy!).loss);
    const flags = [...args, '--label-smoothing', '0.1'];
    expect((await metrics(smoothed, ...flags)).loss).toBe((await metrics(smoothed)).loss);
  });

  it('lets an option on the command line override the checkpoint', async () => {
    const actual = await metrics(smoothed, '--criterion', 'label_smoothed_cross_entropy', '--label-smoothing', '0');
    expect(actual).toMatchObject(printed(runs.cross_entropy!));
  });
});

describe('options that validate takes from the checkpoint', () => {
  const search = '{"beam": 1, "max_len_b": 9}';
  it.each<[string, OptionValues, readonly string[]]>([
    ['--sentence-avg', { sentenceAvg: true }, ['--sentence-avg']],
    ['--ignore-prefix-size', { ignorePrefixSize: 2 }, ['--ignore-prefix-size', '2']],
    [
      '--eval-bleu and its search',
      { evalBleu: true, evalBleuArgs: search },
      ['--eval-bleu', '--eval-bleu-args', search],
    ],
  ])('is %s, as if the flag were set', async (flag, options, args) => {
    const recorded = await metrics(saveReferenceCheckpoint(join(folder, flag), 'trained', { options }));
    const { wps: _, ...explicit } = await metrics(crossEntropy, ...args);
    expect(recorded).toMatchObject(explicit);
    const { wps: __, ...neither } = await metrics(crossEntropy);
    expect(explicit).not.toEqual(neither);
  });
});

it("prints fairseq's JSON object with --log-format json, for --task translation too", async () => {
  const argv = ['--path', crossEntropy, ...oneBatch, '--log-format', 'json', '--task', 'translation'];
  const { stdout } = await runMain('validate', goldenData, ...argv);
  const { loss, nll_loss, ppl } = printed(runs.cross_entropy!);
  // The names and their order are those of fairseq main, PyTorch 2.15.
  expect(stdout.replace(/"valid_wps": "[\d.]+"/, '"valid_wps": "0"')).toBe(
    `{"valid_loss": "${loss}", "valid_nll_loss": "${nll_loss}", "valid_ppl": "${ppl}", "valid_wps": "0", "valid_wpb": "839", "valid_bsz": "34"}\n`,
  );
});
