import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Analysis } from '../../src/analysis/analysis.js';
import { loadMetadata } from '../../src/checkpoint/checkpoint.js';
import { runCommandLine } from '../helpers/command-line.js';
import { saveReferenceCheckpoint } from '../helpers/reference-checkpoint.js';
import { goldenData, goldenModelValues } from '../helpers/reference-model.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const folder = temporaryFolder();
const plain = join(folder, 'ce', 'averaged');
const smoothed = join(folder, 'el', 'averaged');
const nameless = join(folder, 'nameless');
/** What fairseq computed on the whole valid split with trained.pt. */
const { criterions: runs } = goldenModelValues<{
  criterions: Record<string, { nll_sum_nats: number; ntokens: number }>;
}>('criterions');

beforeAll(() => {
  saveReferenceCheckpoint(plain, 'trained');
  saveReferenceCheckpoint(smoothed, 'update60', { options: { criterion: 'encouraging', labelSmoothing: 0.1 } });
  saveReferenceCheckpoint(nameless, 'trained', { options: { criterion: null } });
});

const common = ['--data', goldenData, '--gen-subset', 'valid', '--threads', '1'];
const quick = ['--gradient-batches', '0'];

async function analyze(...argv: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommandLine(['analyze', ...argv, ...common]);
  expect(code, stderr).toBe(0);
  return stdout;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

describe('analyze', () => {
  it('counts the target tokens with </s> and without padding, with the nll that fairseq computes', async () => {
    const { nll_sum_nats: nll, ntokens } = runs.cross_entropy!;
    const analysis = JSON.parse(await analyze(plain, '--json', ...quick)) as Analysis;
    expect(analysis).toMatchObject({
      checkpoint: plain,
      data: goldenData,
      split: 'valid',
      rows: ntokens,
      classes: 648,
    });
    expect(analysis.nll).toBeCloseTo(nll / ntokens, 5);
    const { margins, calibration, energies, criterions } = analysis;
    expect(sum(margins.histogram.counts)).toBe(ntokens);
    expect(sum(calibration.bins.mass15.map(({ rows }) => rows))).toBe(ntokens);
    expect(margins.mean).toBeCloseTo(energies.offData - energies.onData, 5);
    expect(criterions.map(({ share }) => sum(share.rows))).toEqual(criterions.map(() => ntokens));
  });

  it('does not depend on how the split is cut into batches', async () => {
    const a = JSON.parse(await analyze(plain, '--json', ...quick)) as Analysis;
    const b = JSON.parse(await analyze(plain, '--json', ...quick, '--max-tokens', '200')) as Analysis;
    expect(b.nll).toBeCloseTo(a.nll, 5);
    expect(b.margins.median).toBeCloseTo(a.margins.median, 4);
    expect(b.calibration.accuracy).toBe(a.calibration.accuracy);
  });

  it("compares the checkpoint's own criterion with the paper's, relative to cross entropy", async () => {
    const argv = ['--json', '--gradient-batches', '2', '--gradient-subset', 'valid', '--max-tokens', '300'];
    const { criterions, gradientBatches } = JSON.parse(await analyze(smoothed, ...argv)) as Analysis;
    expect(criterions.map(({ label }) => label)).toEqual([
      ...['EL + LS, LE 0.5', 'CE', 'CE + LS'],
      ...['EL, LE 0.25', 'EL, LE 0.5', 'EL, LE 0.75', 'EL, LE 0.9', 'EL, LE 1'],
    ]);
    const norms = Object.fromEntries(criterions.map(({ label, norm }) => [label, norm!]));
    for (const { label, relativeNorm } of criterions) expect(relativeNorm).toBe(norms[label]! / norms.CE!);
    expect(gradientBatches).toMatchObject({ split: 'valid', batches: 2 });
    // 1 − p for cross entropy, 1 for the encouraging loss without a linear end.
    const mean = (wanted: string, bin: number): number =>
      criterions.find(({ label }) => label === wanted)!.share.mean[bin]!;
    expect(mean('CE', 0)).toBeGreaterThan(0.9);
    expect(mean('EL, LE 1', 0)).toBeCloseTo(1, 4);
  });

  it("evaluates the schedule of a criterion at the checkpoint's epoch, or at --epoch", async () => {
    const schedule = { bonusSchedule: 'linear', bonusScheduleEpochs: 4, criterion: 'encouraging' };
    const share = async (epoch: number | undefined, ...argv: string[]): Promise<readonly number[]> => {
      const stem = saveReferenceCheckpoint(join(folder, `scheduled-${epoch}`), 'trained', {
        options: schedule,
        ...(epoch === undefined ? {} : { epoch }),
      });
      return (JSON.parse(await analyze(stem, '--json', ...quick, ...argv)) as Analysis).criterions[0]!.share.mean;
    };
    const inThird = await share(3);
    expect(await share(undefined, '--epoch', '3')).toEqual(inThird);
    expect(await share(undefined)).not.toEqual(inThird);
  });

  it('takes the batches of the gradient norms from the training data if it has any, else from the split', async () => {
    const withoutTraining = join(folder, 'data-bin');
    cpSync(goldenData, withoutTraining, { recursive: true });
    for (const name of readdirSync(withoutTraining)) {
      if (name.startsWith('train.')) rmSync(join(withoutTraining, name));
    }
    const splitOf = async (data: string): Promise<string> => {
      const argv = ['--json', '--gradient-batches', '1', '--max-tokens', '100', '--data', data];
      const { stdout } = await runCommandLine(['analyze', plain, ...common, ...argv]);
      return (JSON.parse(stdout) as Analysis).gradientBatches!.split;
    };
    expect(await splitOf(goldenData)).toBe('train');
    expect(await splitOf(withoutTraining)).toBe('valid');
  });

  it('prints a table with a column per checkpoint', async () => {
    const lines = (await analyze(plain, smoothed, '--gradient-batches', '1', '--max-tokens', '200')).split('\n');
    expect(lines[0]).toMatch(/^ +ce-averaged +el-averaged$/);
    for (const line of [
      /^rows +839 +839$/,
      /^nll, nats +\d\.\d{4} +\d\.\d{4}$/,
      /^accuracy +[\d.]+ % +[\d.]+ %$/,
      /^energy on the data +-?[\d.]+ +-?[\d.]+$/,
      /^margin, mean +-?[\d.]+ +-?[\d.]+$/,
      /^ {2}CE +[\d.]+ \(1\.00\) +[\d.]+ \(1\.00\)$/,
    ]) {
      expect(lines).toContainEqual(expect.stringMatching(line));
    }
  });

  it('writes analysis.json and CSV files with named columns', async () => {
    const output = join(folder, 'made', 'one');
    await analyze(plain, '--output', output, ...quick);
    expect(readdirSync(output).sort()).toEqual(['analysis.json', 'gradients.csv', 'margins.csv', 'reliability.csv']);
    const printed = JSON.parse(await analyze(plain, '--json', ...quick)) as Analysis;
    expect(JSON.parse(readFileSync(join(output, 'analysis.json'), 'utf8'))).toEqual(printed);
    const rows = (name: string): string[] => readFileSync(join(output, name), 'utf8').trimEnd().split('\n');
    expect(rows('margins.csv')[0]).toBe('checkpoint,start,end,rows,share');
    expect(rows('margins.csv')).toHaveLength(1 + printed.margins.histogram.counts.length);
    expect(rows('reliability.csv')[0]).toBe('checkpoint,binning,rows,confidence,accuracy');
    expect(rows('gradients.csv')[0]).toBe('checkpoint,criterion,start,end,rows,mean,share');
    expect(rows('gradients.csv')).toHaveLength(1 + 10 * printed.criterions.length);
    expect(rows('gradients.csv')).toContainEqual(expect.stringMatching(`^${plain},"EL, LE 0.75",0.3,0.4,`));
  });

  it('writes one JSON file per checkpoint, under names that tell them apart', async () => {
    const output = join(folder, 'several');
    const argv = [plain, smoothed, '--json', '--output', output, ...quick];
    const printed = JSON.parse(await analyze(...argv)) as Analysis[];
    expect(printed.map(({ checkpoint }) => checkpoint)).toEqual([plain, smoothed]);
    for (const [index, name] of ['ce-averaged', 'el-averaged'].entries()) {
      expect(JSON.parse(readFileSync(join(output, `${name}.json`), 'utf8'))).toEqual(printed[index]);
    }
  });
});

describe('analyze --probe-epochs', () => {
  const output = join(folder, 'probed');
  const argv = ['--probe-epochs', '2', '--probe-lr', '0.01', '--train-subset', 'valid', ...quick];
  let analysis: Analysis;
  beforeAll(async () => {
    await analyze(plain, ...argv, '--output', output);
    analysis = JSON.parse(readFileSync(join(output, 'analysis.json'), 'utf8')) as Analysis;
  });

  it('reports a new projection, trained with cross entropy', () => {
    expect(analysis.probe).toMatchObject({ epochs: 2, learningRate: 0.01 });
    expect(analysis.probe!.nll).toBeLessThan(Math.log(648));
  });

  it('writes the model with it, which validate scores the same', async () => {
    const probe = join(output, 'probe');
    expect(loadMetadata(probe).options).toMatchObject({
      shareAllEmbeddings: false,
      shareDecoderInputOutputEmbed: false,
    });
    const path = ['--path', probe, '--valid-subset', 'valid', '--max-tokens', '4096', '--threads', '1'];
    const { stdout, stderr, code } = await runCommandLine(['validate', goldenData, ...path]);
    expect(code, stderr).toBe(0);
    const bits = Number(/nll_loss (\S+)/.exec(stdout)![1]);
    expect(bits).toBeCloseTo(analysis.probe!.nll / Math.LN2, 2);
  });

  it('writes a model that translates', async () => {
    const search = ['--beam', '2', '--max-len-b', '3', '--gen-subset', 'valid', '--threads', '1', '--quiet'];
    const path = ['--path', join(output, 'probe'), '--results-path', output];
    const { code, stderr } = await runCommandLine(['generate', goldenData, ...path, ...search]);
    expect(code, stderr).toBe(0);
    expect(readFileSync(join(output, 'generate-valid.txt'), 'utf8')).toMatch(/^Generate valid with beam=2: BLEU4 = /);
  });
});

describe('analyze refuses', () => {
  it.each<[string, readonly string[], string]>([
    ['a folder without data', ['--data', folder], folder],
    ['an unknown split', ['--gen-subset', 'tset'], "has no split 'tset'"],
    ['an unknown split of gradients', ['--gradient-subset', 'dev'], "has no split 'dev'"],
    ['the same checkpoint twice', [plain], `${plain} is named twice; name each checkpoint once`],
    ['a probe without a folder', ['--probe-epochs', '1'], '--probe-epochs needs --output; name the folder'],
    [
      'a probe that is too large',
      ['--probe-epochs', '1', '--output', join(folder, 'large'), '--probe-memory', '0.0001'],
      "the features of 'train' take 0.0015 GiB, more than --probe-memory 0.0001; raise --probe-memory",
    ],
    ['a checkpoint without a criterion', [nameless], `${nameless} does not say which criterion it was trained with; `],
    ['a missing checkpoint', [join(folder, 'ce', 'avreaged')], 'avreaged'],
  ])('%s', async (_, argv, message) => {
    const { code, stdout, stderr } = await runCommandLine(['analyze', plain, ...common, ...argv]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('a missing --data', async () => {
    const { code, stderr } = await runCommandLine(['analyze', plain]);
    expect(code).toBe(2);
    expect(stderr).toContain('--data is missing; name the data folder that preprocess made');
  });

  it('before it writes anything', async () => {
    const output = join(folder, 'nothing');
    await runCommandLine(['analyze', plain, ...common, '--gen-subset', 'tset', '--output', output]);
    expect(existsSync(output)).toBe(false);
  });
});
