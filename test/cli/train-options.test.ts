import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadCheckpoint, loadMetadata } from '../../src/checkpoint/checkpoint.js';
import { listCheckpoints } from '../../src/checkpoint/checkpoint-path.js';
import { preprocess } from '../../src/data/preprocess.js';
import { preprocessOptions } from '../../src/data/preprocess-options.js';
import { selectOptions } from '../../src/options/select.js';
import { goldenData } from '../helpers/reference-model.js';
import { runMain } from '../helpers/run-main.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { makeToyData } from '../training/toy-data.js';

const folder = temporaryFolder();
const at = (...names: string[]): string => join(folder, ...names);
const data = at('data-bin');

const MODEL =
  '--arch transformer_tiny --encoder-embed-dim 8 --encoder-ffn-embed-dim 8 --encoder-layers 2 --decoder-layers 2 ' +
  '--encoder-attention-heads 2 --decoder-attention-heads 2 --decoder-embed-dim 8 --decoder-ffn-embed-dim 8';
/** MODEL under another architecture's name; in it the last of two options counts. */
const SAME_AS_MODEL = '--arch transformer --encoder-attention-heads 2 --decoder-attention-heads 2';
/** 9 updates an epoch. */
const BASICS = `${MODEL} --max-tokens 32 --required-batch-size-multiple 1 --lr 0.01 --threads 1 --log-format json --log-interval 1`;

type Figures = Readonly<Record<string, string>> & { readonly epoch: number };

interface Run {
  readonly stderr: string;
  /** One an update. */
  readonly inner: readonly Figures[];
  /** One a validation, one an epoch; names begin with `valid_`, `train_`. */
  readonly valid: readonly Figures[];
  readonly train: readonly Figures[];
}

/** Trains by the command line, what is given after the basics wins; fails where the command does. */
async function train(flags: string, folders = data): Promise<Run> {
  const { code, stderr } = await runMain('train', folders, ...`${BASICS} ${flags}`.trim().split(/ +/));
  expect(code, stderr).toBe(0);
  const metrics = (tag: string): Figures[] =>
    [...stderr.matchAll(new RegExp(`\\| ${tag} \\| (\\{.*\\})`, 'g'))].map(([, json]) => JSON.parse(json!));
  return { stderr, inner: metrics('train_inner'), valid: metrics('valid'), train: metrics('train') };
}

/** Sentences of each epoch. */
function sentencesOf(inner: readonly Figures[]): number[] {
  const sums: number[] = [];
  for (const { epoch, bsz } of inner) sums[epoch - 1] = (sums[epoch - 1] ?? 0) + Number(bsz);
  return sums;
}

const column = (rows: readonly Figures[], name: string): string[] => rows.map((row) => row[name]!);
const weightsOf = (stem: string) => loadCheckpoint(stem, { optimizer: false }).weights;
const stateOf = (stem: string) => {
  const { weights, optimizer } = loadCheckpoint(stem, { optimizer: true });
  return { weights, optimizer };
};

beforeAll(async () => {
  await makeToyData(folder);
});

describe('several data folders, separated by colons', () => {
  it('take turns by epoch, starting again after the last one', async () => {
    mkdirSync(at('short'));
    for (const language of ['xx', 'yy']) {
      const lines = readFileSync(at(`train.${language}`), 'utf8').split('\n');
      writeFileSync(at('short', `train.${language}`), `${lines.slice(0, 12).join('\n')}\n`);
      writeFileSync(at('short', `valid.${language}`), `${lines.slice(0, 4).join('\n')}\n`);
    }
    const dictionaries = { srcdict: join(data, 'dict.xx.txt'), tgtdict: join(data, 'dict.yy.txt') };
    const prefixes = { trainpref: at('short', 'train'), validpref: at('short', 'valid') };
    const options = { sourceLang: 'xx', targetLang: 'yy', ...prefixes, destdir: at('short-bin') };
    await preprocess(selectOptions(preprocessOptions, { ...options, ...dictionaries }));
    const { inner } = await train('--max-epoch 4 --no-save --disable-validation', `${data}:${at('short-bin')}`);
    expect(sentencesOf(inner)).toEqual([40, 12, 40, 12]);
    const other = await train(
      '--train-subset valid --max-epoch 3 --no-save --disable-validation',
      `${data}:${at('short-bin')}`,
    );
    expect(sentencesOf(other.inner)).toEqual([8, 4, 8]);
  });
});

describe('--curriculum', () => {
  it('keeps the batches in order of length, where without it they are shuffled', async () => {
    const counts = async (flags: string): Promise<number[]> => {
      const { inner } = await train(`--max-epoch 1 --no-save --disable-validation ${flags}`);
      return inner.map(({ bsz }) => Number(bsz));
    };
    const ordered = await counts('--curriculum 1');
    expect(ordered).toEqual([...ordered].sort((a, b) => b - a));
    const shuffled = await counts('--curriculum 0');
    expect(ordered).not.toEqual(shuffled);
    expect([...ordered].sort()).toEqual([...shuffled].sort());
  });
});

describe('--validate-interval-updates', () => {
  it('validates every N updates and at the end of an epoch, and saves at the end of an epoch only', async () => {
    const { valid } = await train(`--max-epoch 1 --validate-interval-updates 4 --save-dir ${at('validating')}`);
    expect(column(valid, 'valid_num_updates')).toEqual(['4', '8', '9']);
    expect(listCheckpoints(at('validating'))).toEqual(['checkpoint1', 'checkpoint_best', 'checkpoint_last']);
  });

  it('does not validate before --validate-after-updates, nor with --disable-validation', async () => {
    const flags = '--max-epoch 1 --validate-interval-updates 4 --no-save';
    const { valid } = await train(`${flags} --validate-after-updates 5`);
    expect(column(valid, 'valid_num_updates')).toEqual(['8', '9']);
    expect((await train(`${flags} --disable-validation`)).valid).toEqual([]);
  });
});

describe('--lr and --update-freq', () => {
  it('take one value per epoch, the last one for all later epochs', async () => {
    const { inner, train: epochs } = await train(
      '--max-epoch 4 --no-save --disable-validation --lr 0.01,0.002,0.001 --update-freq 1,5',
    );
    expect(column(epochs, 'train_num_updates')).toEqual(['9', '11', '13', '15']);
    expect(column(epochs, 'train_lr')).toEqual(['0.01', '0.002', '0.001', '0.001']);
    const perUpdate = inner.filter(({ epoch }) => epoch === 2).map(({ bsz }) => Number(bsz));
    expect(perUpdate.reduce((sum, count) => sum + count, 0)).toBe(40);
  });
});

describe('--stop-time-hours', () => {
  it('ends after the update in which the time runs out, saves, and resumes with the same command', async () => {
    const flags = `--stop-time-hours 1e-9 --save-dir ${at('hours')} --disable-validation`;
    for (const updates of [1, 2, 3]) {
      const { stderr } = await train(flags);
      expect(stderr).toContain('--stop-time-hours 1e-9');
      expect(listCheckpoints(at('hours'))).toEqual(['checkpoint_last']);
      expect(loadMetadata(at('hours', 'checkpoint_last')).training!.updates).toBe(updates);
    }
  });
});

describe('what is kept', () => {
  it('are the last of --save-interval-updates by --keep-interval-updates', async () => {
    const flags = '--max-epoch 1 --save-interval-updates 2 --keep-interval-updates 2 --no-epoch-checkpoints';
    await train(`${flags} --save-dir ${at('keep-updates')} --disable-validation`);
    expect(listCheckpoints(at('keep-updates'))).toEqual(['checkpoint_1_6', 'checkpoint_1_8', 'checkpoint_last']);
  });

  it('are those of a pattern and the last of the others by --keep-interval-updates-pattern', async () => {
    // What fairseq main leaves behind with these options.
    const flags = '--save-interval-updates 1 --keep-interval-updates 2 --keep-interval-updates-pattern 4';
    await train(`${flags} --max-update 7 --no-epoch-checkpoints --save-dir ${at('pattern')} --disable-validation`);
    expect(listCheckpoints(at('pattern'))).toEqual([
      'checkpoint_1_4',
      'checkpoint_1_6',
      'checkpoint_1_7',
      'checkpoint_last',
    ]);
  });

  it('are the last epochs by --keep-last-epochs', async () => {
    await train(`--max-epoch 4 --keep-last-epochs 2 --save-dir ${at('keep-epochs')} --disable-validation`);
    expect(listCheckpoints(at('keep-epochs'))).toEqual(['checkpoint3', 'checkpoint4', 'checkpoint_last']);
  });

  it.each([
    ['the least losses', '', (a: number, b: number): number => a - b],
    [
      'the largest with --maximize-best-checkpoint-metric',
      ' --maximize-best-checkpoint-metric',
      (a: number, b: number) => b - a,
    ],
  ])('are %s by --keep-best-checkpoints', async (what, flag, order) => {
    const saveDir = at(what.replaceAll(' ', '-'));
    const { valid } = await train(
      `--max-epoch 4 --no-epoch-checkpoints --keep-best-checkpoints 2 --save-dir ${saveDir}${flag}`,
    );
    const best = column(valid, 'valid_loss').map(Number).sort(order).slice(0, 2);
    const kept = listCheckpoints(saveDir).flatMap((name) => /^checkpoint\.best_loss_(\d+\.\d+)/.exec(name)?.[1] ?? []);
    expect(kept.map(Number).sort(order)).toEqual(best);
  });
});

describe('a start that fails', () => {
  it.each([
    ['shards that leave no batch', '--num-shards 1000 --shard-id 999'],
    ['a shard that is not there', '--shard-id 999'],
    ['a split that is not there', '--train-subset nowhere'],
  ])('removes and changes nothing in its folder: %s', async (_, flags) => {
    const saveDir = at('kept');
    const run = `--max-epoch 2 --keep-best-checkpoints 3 --save-dir ${saveDir}`;
    if (!existsSync(saveDir)) await train(run);
    const contents = (): Record<string, string> =>
      Object.fromEntries(readdirSync(saveDir).map((name) => [name, readFileSync(join(saveDir, name), 'base64')]));
    const before = contents();
    expect(Object.keys(before).filter((name) => name.startsWith('checkpoint.best_'))).toHaveLength(2);
    const argv = `${BASICS} ${run} --restore-file ${join(saveDir, 'checkpoint1')} ${flags}`.split(' ');
    expect((await runMain('train', data, ...argv)).code).toBe(2);
    expect(contents()).toEqual(before);
  });
});

describe('a checkpoint to resume from', () => {
  const restored = (): string => at('start', 'checkpoint1');
  beforeAll(async () => {
    await train(
      `--max-epoch 1 --save-dir ${at('start')} --optimizer sgd --lr-scheduler inverse_sqrt --warmup-updates 4`,
    );
  });
  const goOn = (flags: string): Promise<Run> =>
    train(
      `--max-epoch 2 --no-save --optimizer sgd --lr-scheduler inverse_sqrt --warmup-updates 4 --restore-file ${restored()} ${flags}`,
    );

  it('goes on in the next epoch, with its updates, its rate and its best value', async () => {
    const { inner, valid } = await goOn('');
    expect(inner[0]).toMatchObject({ epoch: 2, num_updates: '10', lr: '0.00632456' });
    expect(valid[0]).toHaveProperty('valid_best_loss');
  });

  it('begins with the first epoch by --reset-dataloader, its updates go on', async () => {
    const { inner } = await goOn('--reset-dataloader');
    expect(inner[0]).toMatchObject({ epoch: 1, num_updates: '10', lr: '0.00632456' });
    expect(inner).toHaveLength(18);
  });

  it('counts updates afresh by --reset-optimizer, and the rate with them; the epoch goes on', async () => {
    const { inner, valid } = await goOn('--reset-optimizer');
    expect(inner[0]).toMatchObject({ epoch: 2, num_updates: '1', lr: '0.0025' });
    expect(valid[0]).not.toHaveProperty('valid_best_loss');
  });

  it('discards only the best value with --reset-meters', async () => {
    const { inner, valid } = await goOn('--reset-meters');
    expect(inner[0]).toMatchObject({ epoch: 2, num_updates: '10' });
    expect(valid[0]).not.toHaveProperty('valid_best_loss');
  });

  it('resets the state of the schedule with --reset-lr-scheduler', async () => {
    const plateau = '--lr-scheduler reduce_lr_on_plateau --lr-shrink 0.5 --lr-patience 0 --lr 1e-4 --lr-threshold 0.5';
    await train(`${plateau} --max-epoch 4 --save-dir ${at('plateau')}`);
    const next = `${plateau} --max-epoch 5 --no-save --restore-file ${at('plateau', 'checkpoint4')}`;
    expect((await train(next)).inner[0]!.lr).not.toBe('0.0001');
    expect((await train(`${next} --reset-lr-scheduler`)).inner[0]!.lr).toBe('0.0001');
  });

  it('gives --finetune-from-model its weights alone, as every --reset does', async () => {
    const everything = '--reset-optimizer --reset-dataloader --reset-meters --reset-lr-scheduler';
    const reset = await goOn(everything);
    const flags = '--max-epoch 2 --optimizer sgd --lr-scheduler inverse_sqrt --warmup-updates 4 --no-save';
    const finetuned = await train(`${flags} --finetune-from-model ${restored()}`);
    const metrics = ['epoch', 'loss', 'gnorm', 'lr', 'num_updates'];
    const shown = ({ inner }: Run) => inner.map((row) => metrics.map((name) => row[name]));
    expect(finetuned.inner).toHaveLength(18);
    expect(shown(finetuned)).toEqual(shown(reset));
    expect(shown(await train(flags))).not.toEqual(shown(reset));
  });

  it.each([() => `--finetune-from-model ${restored()}`, () => `--restore-file ${restored()} --reset-optimizer`])(
    'may have another activation where its weights begin a new training, which says so: %#',
    async (start) => {
      const { stderr, inner } = await train(`--max-update 1 --no-save --activation-fn gelu ${start()}`);
      expect(stderr).toContain(
        `WARNING | ts-fairseq | ${restored()} was trained with --activation-fn "relu", not "gelu"`,
      );
      expect(inner).toHaveLength(1);
    },
  );

  it('may come from another architecture with the same options', async () => {
    const { stderr } = await train(`--max-update 1 --no-save --finetune-from-model ${restored()} ${SAME_AS_MODEL}`);
    expect(stderr).not.toContain('WARNING');
  });

  it.each([
    { flags: '--activation-fn gelu --restore-file', differs: '--activation-fn "relu", not "gelu"' },
    { flags: '--encoder-layers 1 --finetune-from-model', differs: '--encoder-layers 2, not 1' },
  ])('is refused with $flags', async ({ flags, differs }) => {
    const argv = `${BASICS} --max-update 1 --no-save ${flags} ${restored()}`.split(' ');
    const { code, stderr } = await runMain('train', data, ...argv);
    expect(code).toBe(2);
    expect(stderr.trim().split('\n').at(-1)).toContain(`checkpoint1 was trained with ${differs}; `);
  });

  it('of --save-dir wins over --finetune-from-model once it is there', async () => {
    const flags = `--max-update 1 --save-dir ${at('finetuning')} --finetune-from-model ${restored()} --disable-validation`;
    expect((await train(flags)).stderr).toContain(`starting from the weights of ${restored()}`);
    const { stderr } = await train(flags.replace('--max-update 1', '--max-update 2'));
    expect(stderr).toContain(`resuming from ${at('finetuning', 'checkpoint_last')}`);
  });
});

describe('--optimizer-overrides', () => {
  const flags = (name: string): string => `--max-update 4 --save-dir ${at(name)} --disable-validation`;
  const last = (name: string) => stateOf(at(name, 'checkpoint_last'));
  const goOn = (name: string, more: string): Promise<Run> =>
    train(`${flags(name)} --restore-file ${at('two-updates', 'checkpoint_last')} ${more}`);
  beforeAll(async () => {
    await train(`--max-update 2 --save-dir ${at('two-updates')} --disable-validation`);
  });

  it.each(["{'weight_decay':0.5,'betas':(0.5,0.6)}", '{"weight_decay":0.5,"adam_betas":[0.5,0.6]}'])(
    '%s trains on as with flags that say so',
    async (overrides) => {
      await goOn('flags', '--weight-decay 0.5 --adam-betas 0.5,0.6');
      await goOn('overrides', `--optimizer-overrides ${overrides}`);
      await goOn('neither', '');
      expect(last('overrides')).toEqual(last('flags'));
      expect(last('neither')).not.toEqual(last('flags'));
      expect(loadMetadata(at('overrides', 'checkpoint_last')).options.weightDecay).toBe(0.5);
    },
  );

  it.each([
    ['from the beginning', ''],
    ['with --reset-optimizer', ' --restore-file DIR/two-updates/checkpoint_last --reset-optimizer'],
  ])('changes nothing %s: there is no state to override', async (what, start) => {
    const more = start.replace('DIR', folder);
    await train(`${flags(`plain ${what}`.replaceAll(' ', '-'))}${more}`);
    await train(`${flags(`given ${what}`.replaceAll(' ', '-'))}${more} --optimizer-overrides {"weight_decay":0.5}`);
    expect(last(`given ${what}`.replaceAll(' ', '-'))).toEqual(last(`plain ${what}`.replaceAll(' ', '-')));
  });
});

describe('--num-shards and --shard-id', () => {
  it('distribute the batches of an epoch in turn, each to one shard', async () => {
    const flags = '--max-epoch 2 --no-save --disable-validation';
    const sizes = ({ inner }: Run) => inner.map(({ epoch, wpb, bsz }) => [epoch, wpb, bsz]);
    const all = sizes(await train(flags));
    expect(all).toHaveLength(18);
    for (const shard of [0, 1]) {
      const own = sizes(await train(`${flags} --num-shards 2 --shard-id ${shard}`));
      expect(own).toEqual(all.filter((_, index) => (index % 9) % 2 === shard));
    }
  });
});

describe('--truncate-source', () => {
  it('cuts sources that are too long, where without it they are refused', async () => {
    const flags = '--max-update 1 --no-save --disable-validation --max-source-positions 4';
    const refused = await runMain('train', data, ...`${BASICS} ${flags}`.split(' '));
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('more than --max-source-positions 4') });
    const { stderr } = await train(`${flags} --truncate-source`);
    expect(stderr).toMatch(/train: 40 sentences, \d+ batches\n/);
  });
});

describe('metrics of the loss', () => {
  const FIRST = '--max-update 1 --no-save --dropout 0 --criterion label_smoothed_cross_entropy --label-smoothing 0.1';

  it('leave the first tokens out with --ignore-prefix-size, and are divided by as many as before', async () => {
    const loss = async (prefix: number) => (await train(`${FIRST} --ignore-prefix-size ${prefix}`)).inner[0]!;
    const [whole, part] = [await loss(0), await loss(1)];
    expect(part.wpb).toBe(whole.wpb);
    expect(Number(part.loss)).toBeGreaterThan(0);
    expect(Number(part.loss)).toBeLessThan(Number(whole.loss) - 0.1);
  });

  it('are 0 of a batch whose targets are all within --ignore-prefix-size', async () => {
    const shortest = `${FIRST} --batch-size 1 --required-batch-size-multiple 1 --curriculum 1 --disable-validation`;
    const { inner } = await train(shortest);
    const nothing = await train(`${shortest} --ignore-prefix-size ${Number(inner[0]!.wpb)}`);
    expect(nothing.inner[0]).toMatchObject({ loss: '0', nll_loss: '0', gnorm: '0' });
  });

  it('have the accuracy with --report-accuracy, in training and in validation', async () => {
    const { inner, valid, train: epochs } = await train(`${FIRST} --report-accuracy`);
    const { n_correct: correct, total, accuracy } = inner[0]!;
    expect(Number(accuracy)).toBeCloseTo((100 * Number(correct)) / Number(total), 2);
    expect(total).toBe(inner[0]!.wpb);
    expect(Object.keys(valid[0]!)).toEqual(
      expect.arrayContaining(['valid_n_correct', 'valid_total', 'valid_accuracy']),
    );
    expect(epochs[0]).toHaveProperty('train_accuracy', accuracy);
    expect(Object.keys((await train(FIRST)).inner[0]!)).not.toContain('accuracy');
  });
});

describe('--eval-bleu-detok-args', () => {
  it('names the language of the detokenizer, else it is that of the data', async () => {
    const references = async (flags: string): Promise<string[]> => {
      const search = `--eval-bleu --eval-bleu-args {"beam":1,"max_len_b":2} --eval-bleu-detok moses --eval-bleu-print-samples`;
      const run = `--batch-size 1 --max-update 1 --lr 0 --no-save --eval-bleu-remove-bpe --threads 1 ${search} ${flags}`;
      const { code, stderr } = await runMain('train', goldenData, ...`${MODEL} ${run}`.trim().split(' '));
      expect(code, stderr).toBe(0);
      return [...stderr.matchAll(/example reference: (.*)/g)].map(([, text]) => text!);
    };
    const english = await references('');
    const french = await references('--eval-bleu-detok-args {"target_lang":"fr"}');
    expect(await references("--eval-bleu-detok-args {'target_lang':'en'}")).toEqual(english);
    // French keeps the space before a question mark.
    expect(english.filter((line) => line.endsWith('?'))).not.toEqual([]);
    expect(english.filter((line) => line.endsWith(' ?'))).toEqual([]);
    expect(french.filter((line) => line.endsWith(' ?'))).not.toEqual([]);
  });
});

describe('--encoder-layerdrop and --decoder-layerdrop', () => {
  const FLAGS = '--encoder-layerdrop 0.5 --decoder-layerdrop 0.5 --disable-validation --no-epoch-checkpoints';

  it('go on bit for bit after an interruption, stand in the checkpoint and change the training', async () => {
    await train(`${FLAGS} --max-update 6 --save-dir ${at('whole')}`);
    await train(`${FLAGS} --max-update 3 --save-dir ${at('in-parts')}`);
    await train(`${FLAGS} --max-update 6 --save-dir ${at('in-parts')}`);
    await train(`--disable-validation --max-update 6 --save-dir ${at('no-layerdrop')}`);
    const state = (name: string) => stateOf(at(name, 'checkpoint_last'));
    expect(state('in-parts')).toEqual(state('whole'));
    expect(state('no-layerdrop')).not.toEqual(state('whole'));
    const { options } = loadMetadata(at('whole', 'checkpoint_last'));
    expect(options).toMatchObject({ encoderLayerdrop: 0.5, decoderLayerdrop: 0.5 });
  });
});

describe('--encoder-embed-path and --decoder-embed-path', () => {
  const vector = (first: number): string => Array.from({ length: 8 }, (_, index) => first + index / 4).join(' ');
  const row = (first: number): number[] => vector(first).split(' ').map(Number);
  /** The vectors of `a` and `b`, and those of all other symbols. */
  const tableOf = (name: string, side: string) => {
    const { data: values } = weightsOf(at(name, 'checkpoint_last')).get(`${side}.embed_tokens.weight`)!;
    const symbols = readFileSync(join(data, `dict.${side === 'encoder' ? 'xx' : 'yy'}.txt`), 'utf8').split('\n');
    const place = (symbol: string): number => 4 + symbols.findIndex((line) => line.startsWith(`${symbol} `));
    const rows = Array.from({ length: values.length / 8 }, (_, index) =>
      [...values].slice(8 * index, 8 * index + 8).map(Number),
    );
    const chosen = [place('a'), place('b')];
    return { a: rows[chosen[0]!], b: rows[chosen[1]!], others: rows.filter((_, index) => !chosen.includes(index)) };
  };
  const FLAGS = '--lr 0 --max-update 1 --disable-validation --save-dir';

  it('begin with the vectors of a file, and with random ones for words that it has not', async () => {
    writeFileSync(at('source.vec'), `2 8\na ${vector(1)}\nzebra ${vector(9)}\nb ${vector(2)}\n`);
    writeFileSync(at('target.vec'), `b ${vector(3)}\n`);
    const paths = `--encoder-embed-path ${at('source.vec')} --decoder-embed-path ${at('target.vec')}`;
    await train(`${FLAGS} ${at('without')}`);
    const { stderr } = await train(`${FLAGS} ${at('with')} ${paths}`);
    expect(stderr).toMatch(/source\.vec: found embeddings for 2 of the \d+ source types/);
    const [encoder, decoder] = [tableOf('with', 'encoder'), tableOf('with', 'decoder')];
    const [freshEncoder, freshDecoder] = [tableOf('without', 'encoder'), tableOf('without', 'decoder')];
    expect(encoder).toEqual({ a: row(1), b: row(2), others: freshEncoder.others });
    expect(decoder).toEqual({ a: freshDecoder.a, b: row(3), others: freshDecoder.others });
  });

  it('are not read again by a run that leaves them out when it goes on, nor by other commands', async () => {
    writeFileSync(at('source.vec'), 'no vectors any more\n');
    await train(`${FLAGS.replace('1', '2')} ${at('with')}`);
    expect(tableOf('with', 'encoder').a).toEqual(row(1));
    const flags = ['--path', at('with', 'checkpoint_last'), '--max-tokens', '64', '--threads', '1'];
    expect((await runMain('validate', data, ...flags)).code).toBe(0);
  });
});
