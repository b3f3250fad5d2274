import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Analysis } from '../../src/analysis/analysis.js';
import { MersenneTwister } from '../../src/data/mersenne-twister.js';
import type { RunResult } from '../../src/experiments/run-result.js';
import type { SweepDescription } from '../../src/experiments/sweep-plan.js';
import type { EpochMetrics } from '../../src/experiments/training-log.js';
import {
  readTranslations,
  scoreTranslations,
  type TranslationResult,
} from '../../src/experiments/translation-result.js';

/** A sweep that was never run, with files as a real one has them. */
export interface FakeSweep {
  /** The share of words that a system gets wrong, by its name. */
  readonly criterions: Readonly<Record<string, number>>;
  readonly directions?: readonly string[];
  readonly seeds?: number;
  readonly sentences?: number;
  readonly epochs?: number;
  readonly compare?: SweepDescription['compare'];
  readonly tune?: SweepDescription['tune'];
  readonly title?: string;
  /** How much the share of wrong words varies between seeds. */
  readonly noise?: number;
  readonly hasAnalyses?: boolean;
  /** Runs without a result, by name, with the state to record. */
  readonly unfinished?: Readonly<Record<string, object>>;
}

/** Writes the files of a sweep into a folder. */
export function writeFakeSweep(folder: string, sweep: FakeSweep): void {
  const { directions, criterions, seeds = 2, unfinished = {} } = sweep;
  const seedNames = Array.from({ length: seeds }, (_, index) => `seed=${index + 1}`);
  const axes = [
    ...(directions === undefined ? [] : [{ name: 'direction', values: directions }]),
    { name: 'criterion', values: Object.keys(criterions) },
    { name: 'seed', values: seedNames },
  ];
  const { title = null, compare = [], tune = null } = sweep;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'sweep.json'), JSON.stringify({ title, axes, compare, tune }));
  for (const [place, direction] of (directions ?? ['']).entries()) {
    for (const [system, criterion] of Object.keys(criterions).entries()) {
      for (const [seed, seedName] of seedNames.entries()) {
        const values = { ...(direction !== '' && { direction }), criterion, seed: seedName };
        const name = Object.values(values).join(',');
        const run = { name, values, place, system, seed: seed + 1 };
        if (name in unfinished) writeUnfinished(join(folder, name), run, sweep, unfinished[name]!);
        else writeFakeRun(join(folder, name), run, sweep);
      }
    }
  }
}

interface FakeRun {
  readonly name: string;
  readonly values: Readonly<Record<string, string>>;
  readonly place: number; // of the direction
  readonly system: number;
  readonly seed: number;
}

const randomOf = ({ place, system, seed }: Pick<FakeRun, 'place' | 'system' | 'seed'>): MersenneTwister =>
  new MersenneTwister(1000 * place + 100 * system + seed);

function writeFakeRun(folder: string, run: FakeRun, sweep: FakeSweep): void {
  const { noise = 0.01, hasAnalyses = false, tune = null } = sweep;
  const random = randomOf(run);
  const wrong = sweep.criterions[run.values.criterion!]! + 0.05 * run.place + noise * (random.random() - 0.5);
  const splits = [
    ['test,beam=5', 'test', wrong],
    ['test,beam=1', 'test', wrong + 0.02],
    ...(hasAnalyses ? [['probe', 'test', wrong + 0.01]] : []),
    ...(tune === null
      ? []
      : ['0.6', '1.0', '1.4'].flatMap((value, index) => [
          [`${tune.validation},lenpen=${value}`, 'valid', wrong + 0.03 * Math.abs(index - 1)],
          [`${tune.test},lenpen=${value}`, 'test', wrong + 0.02 * Math.abs(index - 1)],
        ])),
  ] as [string, string, number][];
  const translations = splits.map(([name, split, share]): [string, TranslationResult] => {
    const path = join(folder, 'generate', name, `generate-${split}.txt`);
    mkdirSync(join(folder, 'generate', name), { recursive: true });
    writeFileSync(path, translate(sweep.sentences ?? 60, run.place, share, random));
    return [name, scoreTranslations(readTranslations(path), (line) => line)];
  });
  const isEncouraging = run.values.criterion!.startsWith('el');
  const isSmoothed = run.values.criterion!.endsWith('ls');
  const plain = isSmoothed ? 'label_smoothed_cross_entropy' : 'cross_entropy';
  const generate = Object.fromEntries(
    splits.map(([name, split]) => {
      const { beam, lenpen } = Object.fromEntries(name.split(',').map((part) => part.split('='))) as Record<
        string,
        string | undefined
      >;
      return [
        name,
        {
          ...(split !== 'test' && { 'gen-subset': split }),
          ...(name === 'probe' && { checkpoint: 'probe' }),
          beam: Number(beam ?? 5),
          'remove-bpe': true,
          ...(lenpen !== undefined && { lenpen: Number(lenpen) }),
        },
      ];
    }),
  );
  const result: RunResult = {
    name: run.name,
    values: run.values,
    data: `data-bin/multi30k.${run.values.direction ?? 'de-en'}`,
    options: {
      train: {
        arch: 'transformer',
        'share-all-embeddings': true,
        dropout: 0.3,
        lr: 0.005,
        'max-epoch': sweep.epochs ?? 12,
        criterion: isEncouraging ? 'encouraging' : plain,
        ...(isSmoothed && { 'label-smoothing': 0.1 }),
        seed: run.seed,
      },
      average: { 'num-epoch-checkpoints': 10 },
      generate,
      analyze: hasAnalyses ? {} : null,
    },
    provenance: { version: '0.1.0', commit: '23f60751a2b3', node: 'v20.20.2', processor: 'Example CPU, 2 cores' },
    resumedBy: [],
    seconds: {
      train: 1150 + run.seed,
      'average-checkpoints': 2,
      'generate test,beam=5': 21,
      'generate test,beam=1': 9,
    },
    training: {
      epochs: fakeEpochs(run, sweep),
      position: sweep.epochs ?? 12,
      updates: 120 * (sweep.epochs ?? 12),
      parameters: 2_331_648,
      device: 'device cpu, oneDNN 2.6.3, threads 1, isa AVX-512',
    },
    translations: Object.fromEntries(translations),
    detokenize: { source: run.values.direction?.slice(0, 2) ?? 'de', target: 'en' },
  };
  writeFileSync(join(folder, 'result.json'), JSON.stringify(result));
  writeFileSync(join(folder, 'state.json'), JSON.stringify({ state: 'done', training: null, finished: {} }));
  if (!hasAnalyses) return;
  mkdirSync(join(folder, 'analysis'));
  writeFileSync(join(folder, 'analysis/analysis.json'), JSON.stringify(fakeAnalysis(run)));
}

function writeUnfinished(folder: string, run: FakeRun, sweep: FakeSweep, state: object): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'state.json'), JSON.stringify({ training: null, finished: {}, ...state }));
  const half = Math.floor((sweep.epochs ?? 12) / 2);
  writeFileSync(join(folder, 'train.log'), logLines(fakeEpochs(run, sweep).slice(0, half)).join('\n'));
}

/** Lines of a log in fairseq's form `simple`. */
export const logLines = (epochs: readonly EpochMetrics[]): string[] =>
  epochs.flatMap(({ epoch, train, valid }) => {
    const line = (metrics: Readonly<Record<string, number>>): string =>
      Object.entries(metrics)
        .map(([name, value]) => `${name} ${value}`)
        .join(' | ');
    const number = String(epoch).padStart(3, '0');
    const start = '2026-11-30 10:00:00 | INFO |';
    return [
      `${start} valid | epoch ${number} | valid on 'valid' subset | ${line(valid.valid!)}`,
      `${start} train | epoch ${number} | ${line(train!)}`,
    ];
  });

export function fakeEpochs(run: Pick<FakeRun, 'place' | 'system' | 'seed'>, { epochs = 12 }: Partial<FakeSweep>) {
  const random = randomOf(run);
  return Array.from({ length: epochs }, (_, index): EpochMetrics => {
    const fall = Math.exp(-index / 4) + 0.02 * random.random();
    const nll = 2.4 + 0.05 * run.system + 7 * fall + 0.006 * index;
    const gnorm = 0.55 + 0.15 * run.system + 0.8 * fall + 0.05 * random.random();
    const train = {
      loss: nll + 0.3,
      nll_loss: nll - 0.2,
      gnorm,
      wps: 9000 + 100 * run.system + 400 * random.random(),
      lr: 0.005,
    };
    const valid = { loss: nll + 0.4 * (run.system % 3), nll_loss: nll, bleu: 38 - 30 * fall + run.system * 0.5 };
    return { epoch: index + 1, train, valid: { valid } };
  });
}

const SUBJECTS = ['a man', 'a young woman', 'two children', 'an old couple', 'a brown dog', 'three workers'] as const;
const VERBS = ['is standing', 'are walking', 'is running', 'is sitting', 'are playing', 'is looking'] as const;
const PLACES = ['in front of a shop', 'on a wooden bench', 'near the river', 'across a busy street'] as const;
const ENDS = ['in the rain .', 'with a red umbrella .', 'while people watch .', 'on a sunny day .'] as const;
const OTHER_WORDS = ['the', 'of', 'small', 'green', 'people', 'outside', 'while', 'boy', 'at', 'group'] as const;

/** What `generate` writes: references and the same with words that are wrong or left out. */
function translate(count: number, place: number, wrong: number, random: MersenneTwister): string {
  const pick = <T>(from: readonly T[], index: number): T => from[Math.floor(index) % from.length]!;
  return Array.from({ length: count }, (_, id) => {
    const number = id * 7 + place;
    const parts = [pick(SUBJECTS, number), pick(VERBS, number / 5), pick(PLACES, number / 3), pick(ENDS, number / 2)];
    const reference = parts.join(' ');
    const words = reference.split(' ').flatMap((word) => {
      const draw = random.random();
      if (draw < 0.2 * wrong) return [];
      return draw < wrong ? [pick(OTHER_WORDS, 10 * random.random())] : [word];
    });
    const hypothesis = words.join(' ') || '.';
    return [
      `S-${id}\tein quellsatz nummer ${id} .`,
      `T-${id}\t${reference}`,
      `H-${id}\t-0.5\t${hypothesis}`,
      `D-${id}\t-0.5\t${hypothesis}`,
      '',
    ].join('\n');
  }).join('');
}

const LABELS = ['CE', 'CE + LS', 'EL, LE 0.5', 'EL, LE 0.75', 'EL, LE 1', 'EL + LS, LE 0.5'] as const;

function fakeAnalysis({ system, seed }: FakeRun): Analysis {
  const spread = system + 0.1 * seed;
  const counts = Array.from({ length: 40 }, (_, bin) =>
    Math.round(900 * Math.exp(-((bin - 18 - 2 * spread) ** 2) / (40 + 20 * system))),
  );
  const bins = Array.from({ length: 10 }, (_, bin) => ({
    rows: 50 + 30 * bin,
    confidence: (bin + 0.6) / 10,
    accuracy: Math.min(1, Math.max(0, (bin + 0.6 - 0.4 * (system - 1)) / 10)),
  }));
  const own = ['CE', 'CE + LS', 'EL, LE 0.5', 'EL + LS, LE 0.5'][system % 4]!;
  return {
    checkpoint: 'averaged',
    data: 'data-bin/multi30k.de-en',
    split: 'test',
    rows: 14_000,
    classes: 8000,
    nll: 1.5 + 0.05 * system,
    energies: {
      onData: -14 - 3 * spread,
      offData: -7 - spread,
      centered: { onData: -12 - 3 * spread, offData: -5.5 - spread },
    },
    margins: {
      mean: 4 + spread,
      median: 4.2 + spread,
      quartiles: [1.1, 7 + spread],
      histogram: { start: -9, width: 0.5, counts },
      meanOfAuthorsCode: 3.9 + spread,
    },
    calibration: {
      accuracy: 0.71 + 0.004 * spread,
      confidence: 0.69 + 0.02 * spread,
      error: { width10: 0.02 + 0.01 * spread, width15: 0.021 + 0.01 * spread, mass15: 0.019 + 0.01 * spread },
      bins: { width10: bins, width15: bins, mass15: bins },
    },
    criterions: [own, ...LABELS].map((label, index) => ({
      label,
      norm: 0.5 + 0.3 * index,
      relativeNorm: 1 + 0.4 * index + 0.01 * seed,
      share: {
        rows: new Array<number>(10).fill(1400),
        mean: Array.from({ length: 10 }, (_, bin) => (1 - bin / 10) * (1 + (system * bin) / 10)),
        share: Array.from({ length: 10 }, (_, bin) => (10 - bin + system * bin) / (55 + 45 * system)),
      },
    })),
    gradientBatches: { split: 'train', batches: 20, tokens: 60_000 },
    probe: { epochs: 5, learningRate: 0.001, accuracy: 0.7 + 0.005 * spread, nll: 1.6 - 0.01 * spread },
  };
}
