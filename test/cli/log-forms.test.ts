import { beforeAll, describe, expect, it } from 'vitest';
import { formatEvent } from '../../src/cli/output/log-sink.js';
import type { LogEvent } from '../../src/log.js';
import { runMain } from '../helpers/run-main.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { makeToyData } from '../training/toy-data.js';

const time = new Date(2026, 10, 3, 7, 5, 9);
const event = (kind: string, fields: object): LogEvent => ({ level: 'info', kind, fields: { ...fields }, time });
const stats = [
  ['loss', '9.44'],
  ['ppl', '1.2e+06'],
  ['lr', '3.33333e-05'],
] as const;

const inner = event('train_inner', { tag: 'train_inner', epoch: 3, position: 5, total: 356, stats });
const epoch = event('train', { tag: 'train', epoch: 3, stats });
const valid = event('valid', { tag: 'valid1', subset: 'valid1', epoch: 12, stats });

// The forms are those of fairseq's fairseq/logging/progress_bar.py: SimpleProgressBar, JsonProgressBar and NoopProgressBar.
describe('a line of the log', () => {
  const AT = '2026-11-03 07:05:09 | INFO | ';
  it.each([
    ['simple', inner, 'train_inner | epoch 003:      5 / 356 loss=9.44, ppl=1.2e+06, lr=3.33333e-05'],
    ['simple', epoch, 'train | epoch 003 | loss 9.44 | ppl 1.2e+06 | lr 3.33333e-05'],
    ['simple', valid, "valid1 | epoch 012 | valid on 'valid1' subset | loss 9.44 | ppl 1.2e+06 | lr 3.33333e-05"],
    [
      'json',
      inner,
      'train_inner | {"epoch": 3, "update": 2.014, "loss": "9.44", "ppl": "1.2e+06", "lr": "3.33333e-05"}',
    ],
    ['json', epoch, 'train | {"epoch": 3, "train_loss": "9.44", "train_ppl": "1.2e+06", "train_lr": "3.33333e-05"}'],
    [
      'json',
      valid,
      'valid1 | {"epoch": 12, "valid1_loss": "9.44", "valid1_ppl": "1.2e+06", "valid1_lr": "3.33333e-05"}',
    ],
    ['tqdm', epoch, 'train | epoch 003 | loss 9.44 | ppl 1.2e+06 | lr 3.33333e-05'],
    ['none', event('message', { message: 'done' }), 'ts-fairseq | done'],
  ] as const)('is as in fairseq, %s: %#', (format, logged, line) => {
    expect(formatEvent(logged, format)).toBe(AT + line);
  });

  it.each([
    ['tqdm', inner],
    ['none', inner],
    ['none', epoch],
    ['none', valid],
  ] as const)('is left out as in fairseq, %s: %#', (format, logged) => {
    expect(formatEvent(logged, format)).toBeNull();
  });

  it.each([
    [1, 4, '0.25'],
    [2, 3, '0.667'],
    [4, 4, '1.0'],
    [1, 80, '0.013'], // Python's round(0.0125, 3), whose nearest double lies above
    [3, 48, '0.062'], // 0.0625 exactly: half to even
  ])('counts %i of %i updates as Python prints it: %s', (position, total, update) => {
    const logged = event('train_inner', { tag: 'train_inner', epoch: 1, position, total, stats: [] });
    expect(formatEvent(logged, 'json')).toContain(`{"epoch": 1, "update": ${update}}`);
  });

  it('says WARNING where it warns', () => {
    const warning: LogEvent = { ...event('message', { message: 'careful' }), level: 'warning' };
    expect(formatEvent(warning, 'json')).toBe('2026-11-03 07:05:09 | WARNING | ts-fairseq | careful');
  });
});

describe('the log of train', () => {
  const folder = temporaryFolder();
  let data: string;
  beforeAll(async () => {
    data = await makeToyData(folder);
  });

  const LOSS = ['loss', 'nll_loss', 'ppl'];
  const UPDATE = ['wps', 'ups', 'wpb', 'bsz', 'num_updates', 'lr', 'gnorm', 'clip', 'train_wall', 'wall'];
  const VALID = [...LOSS, 'wps', 'wpb', 'bsz', 'num_updates'];

  /** The lines of one kind, without time and tag. */
  async function linesOf(tag: string, flags: string): Promise<string[]> {
    const model =
      '--arch transformer_tiny --encoder-embed-dim 8 --decoder-embed-dim 8 --encoder-layers 1 --decoder-layers 1';
    const run = '--max-tokens 32 --lr 0.01 --clip-norm 1 --max-epoch 2 --no-epoch-checkpoints --threads 1';
    const saveDir = `${folder}/${flags.replaceAll(' ', '')}`;
    const argv = `${model} ${run} ${flags} --save-dir ${saveDir}`.split(' ');
    const { code, stderr } = await runMain('train', data, ...argv);
    expect(code, stderr).toBe(0);
    const lines = stderr.split('\n').filter((line) => line.split(' | ')[2] === tag);
    return lines.map((line) => line.split(' | ').slice(3).join(' | '));
  }

  it.each(['--log-format simple', '--no-progress-bar', '--log-format tqdm', ''])(
    'has fairseq’s metrics in its order within an epoch and at its end, without a terminal: %s',
    async (flags) => {
      const metrics = UPDATE.map((name) => `${name}=[\\d.e+-]+`);
      const innerForm = new RegExp(
        `^epoch 001:  {5}\\d / \\d+ ${[...LOSS.map((name) => `${name}=[\\d.]+`), ...metrics].join(', ')}$`,
      );
      const lines = await linesOf('train_inner', `${flags} --log-interval 2`.trim());
      expect(lines.length).toBeGreaterThan(3);
      expect(lines[0]).toMatch(innerForm);
    },
  );

  it('has them at the end of an epoch and after a validation, the best value from the second on', async () => {
    const [first, second] = await linesOf('train', '--log-format simple');
    const names = (line: string): string[] => line.split(' | ').map((part) => part.split(' ')[0]!);
    expect(names(first!)).toEqual(['epoch', ...LOSS, ...UPDATE]);
    expect(second).toMatch(/^epoch 002 \| loss /);
    const validations = await linesOf('valid', '--log-format simple --seed 2');
    expect(names(validations[0]!)).toEqual(['epoch', 'valid', ...VALID]);
    expect(names(validations[1]!)).toEqual(['epoch', 'valid', ...VALID, 'best_loss']);
    expect(validations[0]).toMatch(/^epoch 001 \| valid on 'valid' subset \| loss /);
  });

  it('is one JSON object a line with --log-format json, whose metrics are texts', async () => {
    const keys = (line: string): string[] => Object.keys(JSON.parse(line));
    const [update] = await linesOf('train_inner', '--log-format json --log-interval 1');
    expect(keys(update!)).toEqual(['epoch', 'update', ...LOSS, ...UPDATE]);
    const { epoch, update: part, ...metrics } = JSON.parse(update!) as Record<string, unknown>;
    expect([typeof epoch, typeof part]).toEqual(['number', 'number']);
    expect(Object.values(metrics).every((value) => typeof value === 'string')).toBe(true);
    const [train] = await linesOf('train', '--log-format json --seed 2');
    expect(keys(train!)).toEqual(['epoch', ...[...LOSS, ...UPDATE].map((name) => `train_${name}`)]);
    const [, validation] = await linesOf('valid', '--log-format json --seed 3');
    expect(keys(validation!)).toEqual(['epoch', ...[...VALID, 'best_loss'].map((name) => `valid_${name}`)]);
  });

  it('has no metrics with --log-format none', async () => {
    expect(await linesOf('train', '--log-format none --log-interval 1')).toEqual([]);
    expect(await linesOf('train_inner', '--log-format none --log-interval 1 --seed 2')).toEqual([]);
  });
});
