import { join } from 'node:path';
import { isAvailable } from 'tfjs-backend-onednn';
import { describe, expect, it } from 'vitest';
import { criterions } from '../../criterions/index.js';
import { loadMetadata } from '../../src/checkpoint/checkpoint.js';
import { lrSchedulers, optimizers } from '../../src/optim/index.js';
import { runMain } from '../helpers/run-main.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { makeToyData } from '../training/toy-data.js';

const folder = temporaryFolder();
const data = await makeToyData(folder);
const SMALL = ['--arch', 'transformer_tiny', '--encoder-layers', '1', '--decoder-layers', '1', '--max-tokens', '64'];
const DEVICES = ['wasm', 'cpu'].filter((device) => device === 'wasm' || isAvailable().available);

let runs = 0;

/** Trains three updates. @returns the options that the checkpoint records */
async function optionsAfter(...flags: string[]): Promise<Readonly<Record<string, unknown>>> {
  const saveDir = join(folder, `run-${++runs}`);
  const result = await runMain('train', data, ...SMALL, '--max-update', '3', '--save-dir', saveDir, ...flags);
  expect(result.code, result.stderr).toBe(0);
  expect(result.stderr).not.toMatch(/\b(nan|NaN|inf)\b/);
  return loadMetadata(join(saveDir, 'checkpoint_last')).options;
}

/** As fairseq's users type them. */
const OPTIMIZERS: Record<string, [flags: string[], recorded: Record<string, unknown>]> = {
  adam: [['--adam-betas', '(0.9, 0.98)', '--wd', '1e-4'], { adamBetas: [0.9, 0.98], weightDecay: 1e-4 }],
  sgd: [['--momentum', '0.9', '--weight-decay', '0.01'], { momentum: 0.9, weightDecay: 0.01 }],
  nag: [['--momentum', '0.8'], { momentum: 0.8, weightDecay: 0 }],
  adagrad: [['--weight-decay', '0.01'], { weightDecay: 0.01 }],
  adadelta: [['--adadelta-rho', '0.95', '--adadelta-eps', '1e-5', '--anneal-eps'], { adadeltaRho: 0.95 }],
  adamax: [['--adamax-betas', '(0.9, 0.98)', '--no-bias-correction'], { noBiasCorrection: true, adamaxEps: 1e-8 }],
  adafactor: [
    ['--adafactor-eps', '(1e-30, 1e-3)', '--clip-threshold', '2', '--beta1', '0.9', '--relative-step', '--warmup-init'],
    { adafactorEps: [1e-30, 1e-3], clipThreshold: 2, decayRate: -0.8, beta1: 0.9, warmupInit: true },
  ],
  lamb: [['--lamb-betas', '(0.9, 0.98)', '--lamb-eps', '1e-6', '--weight-decay', '0.01'], { lambEps: 1e-6 }],
};

const SCHEDULES: Record<string, [flags: string[], recorded: Record<string, unknown>]> = {
  inverse_sqrt: [['--warmup-updates', '2', '--warmup-init-lr', '1e-7'], { warmupUpdates: 2, warmupInitLr: 1e-7 }],
  fixed: [['--force-anneal', '3', '--lr-shrink', '0.5'], { forceAnneal: 3, lrShrink: 0.5 }],
  polynomial_decay: [['--power', '2', '--end-learning-rate', '1e-5'], { power: 2, totalNumUpdate: null }],
  cosine: [['--min-lr', '1e-9', '--t-mult', '2', '--lr-period-updates', '5'], { tMult: 2, lrPeriodUpdates: 5 }],
  reduce_lr_on_plateau: [['--lr-patience', '2', '--lr-threshold', '1e-3'], { lrPatience: 2, lrThreshold: 1e-3 }],
  step: [['--lr-deacy-period', '2', '--lr-decay', '0.9'], { lrDecayPeriod: 2, lrDecay: 0.9 }],
  tri_stage: [['--phase-ratio', '(0.1, 0.4, 0.5)', '--init-lr-scale', '0.1'], { phaseRatio: [0.1, 0.4, 0.5] }],
  triangular: [['--max-lr', '0.1', '--lr-period-updates', '4', '--shrink-min'], { maxLr: 0.1, shrinkMin: true }],
};

const CRITERIONS: Record<string, string[]> = {
  label_smoothed_cross_entropy: ['--label-smoothing', '0.1', '--report-accuracy'],
  label_smoothed_cross_entropy_with_rdrop: ['--rdrop-alpha', '5', '--dropout', '0.3'],
  focal: ['--focal-gamma', '1.5'],
  halted_focal: ['--focal-gamma', '1.5', '--focal-phi', '0.4'],
  mse: ['--mse-activation', 'sigmoid', '--mirror-bonus'],
};

const names = (definitions: readonly { readonly name: string }[]): string[] => definitions.map(({ name }) => name);

describe('the command line trains with', () => {
  it.each(names(optimizers))('--optimizer %s and its options', async (name) => {
    const [flags, recorded] = OPTIMIZERS[name]!;
    const options = await optionsAfter('--optimizer', name, '--lr', '1e-3', ...flags);
    expect(options).toMatchObject({ optimizer: name, ...recorded });
  });

  it.each(names(lrSchedulers))('--lr-scheduler %s and its options', async (name) => {
    const [flags, recorded] = SCHEDULES[name]!;
    const options = await optionsAfter('--lr-scheduler', name, '--lr', '1e-3', ...flags);
    expect(options).toMatchObject({ lrScheduler: name, ...recorded });
  });

  describe.each(DEVICES)('--device %s', (device) => {
    it.each(names(criterions))('and --criterion %s', async (name) => {
      const options = await optionsAfter(
        '--criterion',
        name,
        '--lr',
        '1e-3',
        '--device',
        device,
        ...(CRITERIONS[name] ?? []),
      );
      expect(options).toMatchObject({ criterion: name });
    });
  });

  it('one optimizer for the whole run, or a new state', async () => {
    const saveDir = join(folder, 'another-optimizer');
    const command = ['train', data, ...SMALL, '--save-dir', saveDir, '--lr', '1e-3'];
    await runMain(...command, '--optimizer', 'adam', '--max-update', '2');
    const refused = await runMain(...command, '--optimizer', 'lamb', '--max-update', '4');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/was trained with --optimizer adam, not lamb; .*--reset-optimizer/);
    const reset = await runMain(...command, '--optimizer', 'lamb', '--max-update', '2', '--reset-optimizer');
    expect(reset.code, reset.stderr).toBe(0);
  });

  it('lists of rates and update frequencies, a minimum rate and a moving average', async () => {
    const flags = [
      '--lr',
      '1e-3,5e-4',
      '--update-freq',
      '2,1',
      '--stop-min-lr',
      '1e-9',
      '--store-ema',
      '--ema-decay',
      '.999',
    ];
    const options = await optionsAfter(...flags, '--ema-start-update', '1', '--ema-update-freq', '2', '--ema-fp32');
    expect(options).toMatchObject({ lr: [1e-3, 5e-4], updateFreq: [2, 1], stopMinLr: 1e-9, emaDecay: 0.999 });
  });
});
