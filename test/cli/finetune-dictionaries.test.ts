import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadCheckpoint } from '../../src/checkpoint/checkpoint.js';
import { loadDictionary } from '../../src/data/dictionary-file.js';
import { type Outcome, runCommandLine } from '../helpers/command-line.js';
import { saveAsFairseq } from '../helpers/fairseq-file.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const WIDTH = 8;
const TINY = [
  ...['--encoder-embed-dim', String(WIDTH), '--encoder-ffn-embed-dim', '8', '--encoder-layers', '1'],
  ...['--decoder-layers', '1', '--encoder-attention-heads', '2', '--decoder-attention-heads', '2'],
  ...['--max-tokens', '40', '--seed', '7'],
];
const folder = temporaryFolder();
const path = (name: string): string => join(folder, name);

const preprocess = (text: string, destdir: string, ...more: string[]): Promise<Outcome> =>
  runCommandLine([
    ...['preprocess', '-s', 'de', '-t', 'en', '--trainpref', path(text), '--validpref', path(text)],
    ...['--destdir', path(destdir), ...more],
  ]);
const train = (data: string, saveDir: string, ...argv: string[]): Promise<Outcome> =>
  runCommandLine(['train', path(data), ...TINY, '--save-dir', path(saveDir), ...argv]);
/** An update that changes no weight, so that the checkpoint holds what training began with. */
const begin = (data: string, saveDir: string, ...argv: string[]): Promise<Outcome> =>
  train(data, saveDir, '--max-update', '1', '--lr', '0', ...argv);

beforeAll(async () => {
  const texts = {
    old: { de: 'alt a b c\nb c d\n', en: 'old x y\ny z w\n' },
    new: { de: 'c neu neu a neu\nd neuer c\n', en: 'z new new x\nnew z newer newest\n' },
  };
  for (const [name, { de, en }] of Object.entries(texts)) {
    writeFileSync(path(`${name}.de`), de);
    writeFileSync(path(`${name}.en`), en);
  }
  const factor = { old: '8', new: '1' }; // sizes that differ
  for (const name of ['old', 'new'] as const) {
    for (const joined of [[], ['--joined-dictionary']]) {
      const destdir = joined.length > 0 ? `joined-${name}` : name;
      const { code, stderr } = await preprocess(name, destdir, '--padding-factor', factor[name], ...joined);
      expect(code, stderr).toBe(0);
    }
  }
});

type Weights = ReturnType<typeof loadCheckpoint>['weights'];
const weightsOf = (saveDir: string): Weights =>
  loadCheckpoint(path(`${saveDir}/checkpoint_last`), { optimizer: false }).weights;

/** A row of a table, bit by bit. */
function row(weights: Weights, name: string, index: number): Uint32Array {
  const { data } = weights.get(name)!;
  return new Uint32Array((data as Float32Array).slice(index * WIDTH, (index + 1) * WIDTH).buffer);
}

/** Holds the rows of a table to those of the old model for symbols that both have, and to a fresh start's for the others. */
function expectRows(
  name: string,
  dictionaries: { before: string; now: string },
  { old, fresh, tuned }: Readonly<Record<'old' | 'fresh' | 'tuned', Weights>>,
): { kept: number; initialised: number } {
  const [before, now] = [dictionaries.before, dictionaries.now].map((file) => loadDictionary(path(file)));
  const counts = { kept: 0, initialised: 0 };
  expect(tuned.get(name)!.shape).toEqual([now!.size, WIDTH]);
  for (let index = 0; index < now!.size; index++) {
    const symbol = now!.symbol(index);
    const isShared = before!.has(symbol);
    const expected = isShared ? row(old, name, before!.index(symbol)) : row(fresh, name, index);
    expect(row(tuned, name, index), `${name}: ${symbol}`).toEqual(expected);
    counts[isShared ? 'kept' : 'initialised'] += 1;
  }
  return counts;
}

const TABLES = {
  'encoder.embed_tokens.weight': 'de',
  'decoder.embed_tokens.weight': 'en',
  'decoder.output_projection.weight': 'en',
};
const from = (saveDir: string): string[] => ['--finetune-from-model', path(`${saveDir}/checkpoint_last`)];

describe('--finetune-dictionaries', () => {
  it.each([
    { what: 'three tables', joined: '', sharing: [], tables: 3 },
    { what: 'one table of the decoder', joined: '', sharing: ['--share-decoder-input-output-embed'], tables: 2 },
    { what: 'one table for all', joined: 'joined-', sharing: ['--share-all-embeddings'], tables: 1 },
  ])('keeps the rows of shared symbols and initialises the others, with $what', async ({ joined, sharing, tables }) => {
    const name = (run: string): string => `${run}-${joined}${tables}`;
    const [oldData, newData] = [`${joined}old`, `${joined}new`];
    await train(oldData, name('old-model'), '--max-epoch', '2', '--lr', '0.1', ...sharing);
    await begin(newData, name('fresh'), ...sharing);
    const flags = [...sharing, ...from(name('old-model')), '--finetune-dictionaries', path(oldData)];
    const { code, stderr } = await begin(newData, name('tuned'), ...flags);
    expect(code, stderr).toBe(0);

    const runs = {
      old: weightsOf(name('old-model')),
      fresh: weightsOf(name('fresh')),
      tuned: weightsOf(name('tuned')),
    };
    const present = Object.entries(TABLES).filter(([table]) => runs.tuned.has(table));
    expect(present).toHaveLength(tables);
    for (const [table, language] of present) {
      const dictionaries = { before: `${oldData}/dict.${language}.txt`, now: `${newData}/dict.${language}.txt` };
      const { kept, initialised } = expectRows(table, dictionaries, runs);
      expect(initialised).toBeGreaterThan(0);
      const side = language === 'de' ? 'source' : 'target';
      expect(stderr).toContain(
        `${side} dictionary (${language}): ${kept} of ${kept + initialised} symbols kept, ${initialised} initialised`,
      );
    }
    for (const [other, { data }] of runs.tuned) {
      if (!(other in TABLES)) expect(data, other).toEqual(runs.old.get(other)!.data);
    }
  });

  it('writes checkpoints that go with the new dictionaries and not with the old', async () => {
    const validate = (data: string): Promise<Outcome> =>
      runCommandLine(['validate', path(data), '--path', path('tuned-3/checkpoint_last'), '--max-tokens', '40']);
    expect(await validate('new')).toMatchObject({ code: 0 });
    expect((await validate('old')).stderr).toMatch(/is not the dictionary that .* was trained with/);
    expect(await begin('new', 'tuned-3', ...from('old-model-3'), '--max-update', '2')).toMatchObject({ code: 0 });
  });

  it('takes the weights of a fairseq checkpoint, which says nothing of its dictionaries', async () => {
    saveAsFairseq(path('old.pt'), loadCheckpoint(path('old-model-3/checkpoint_last'), { optimizer: true }));
    const flags = ['--finetune-from-model', path('old.pt'), '--finetune-dictionaries', path('old')];
    const { code, stderr } = await begin('new', 'tuned-pt', ...flags);
    expect(code, stderr).toBe(0);
    expect(weightsOf('tuned-pt')).toEqual(weightsOf('tuned-3'));
  });

  it('takes the moving average the same way', async () => {
    await train('old', 'old-average', '--max-epoch', '2', '--lr', '0.1', '--store-ema', '--ema-decay', '0.5');
    const flags = [...from('old-average'), '--finetune-dictionaries', path('old'), '--store-ema'];
    expect(await begin('new', 'tuned-average', ...flags, '--ema-decay', '1')).toMatchObject({ code: 0 });
    const averageOf = (saveDir: string): Weights =>
      loadCheckpoint(path(`${saveDir}/checkpoint_last`), { optimizer: false, ema: true }).ema!;
    const runs = { old: averageOf('old-average'), fresh: weightsOf('fresh-3'), tuned: averageOf('tuned-average') };
    for (const [table, language] of Object.entries(TABLES)) {
      expectRows(table, { before: `old/dict.${language}.txt`, now: `new/dict.${language}.txt` }, runs);
    }
  });

  it('keeps every row if the dictionaries are equal', async () => {
    const flags = [...from('old-model-3'), '--finetune-dictionaries', path('old')];
    expect(await begin('old', 'same', ...flags)).toMatchObject({ code: 0 });
    expect(weightsOf('same')).toEqual(weightsOf('old-model-3'));
  });

  it('has to be asked for: without it other dictionaries are refused, and the message names it', async () => {
    const { code, stderr } = await begin('new', 'refused', ...from('old-model-3'));
    expect(stderr).toMatch(/was trained with another dictionary of 'de'.*--finetune-dictionaries DIR/);
    expect(code).toBe(2);
    const pt = await begin('new', 'refused', '--finetune-from-model', path('old.pt'));
    expect(pt.stderr).toMatch(/symbols, .*old\.pt was trained with \d+; .*--finetune-dictionaries DIR/);
    expect(pt.code).toBe(2);
  });

  it.each([
    { what: 'a folder of other dictionaries', data: 'new', model: 'old-model-3', dictionaries: 'new' },
    { what: 'a folder without dictionaries', data: 'new', model: 'old-model-3', dictionaries: 'old-model-3' },
  ])('refuses $what', async ({ data, model, dictionaries }) => {
    const { code, stderr } = await begin(
      data,
      'refused',
      ...from(model),
      '--finetune-dictionaries',
      path(dictionaries),
    );
    expect(stderr).toMatch(/dict\.de\.txt/);
    expect(code).toBe(2);
  });

  it('refuses dictionaries of other sizes for a fairseq checkpoint', async () => {
    const flags = ['--finetune-from-model', path('old.pt'), '--finetune-dictionaries', path('joined-new')];
    const { code, stderr } = await begin('new', 'refused', ...flags);
    expect(stderr).toMatch(/was trained with \d+; give the folder of its dictionaries with --finetune-dictionaries/);
    expect(code).toBe(2);
  });

  it('takes a model of --user-dir that names its tables, and refuses one that does not', async () => {
    const bag = (...argv: string[]): string[] => ['--arch', 'bag_of_words', '--bag-dim', String(WIDTH), ...argv];
    const run = (data: string, saveDir: string, lr: string, ...argv: string[]): Promise<Outcome> =>
      runCommandLine([
        ...['train', path(data), '--max-tokens', '40', '--max-update', '1', '--lr', lr, ...bag(...argv)],
        ...['--save-dir', path(saveDir)],
      ]);
    const example = fileURLToPath(new URL('../../examples/model', import.meta.url));
    await run('old', 'old-bag', '0.1', '--user-dir', example);
    await run('new', 'fresh-bag', '0', '--user-dir', example);
    const flags = [...from('old-bag'), '--finetune-dictionaries', path('old')];
    const { code, stderr } = await run('new', 'tuned-bag', '0', '--user-dir', example, ...flags);
    expect(code, stderr).toBe(0);
    const runs = { old: weightsOf('old-bag'), fresh: weightsOf('fresh-bag'), tuned: weightsOf('tuned-bag') };
    const dictionaries = { before: 'old/dict.en.txt', now: 'new/dict.en.txt' };
    expect(expectRows('decoder.embed_tokens.weight', dictionaries, runs).initialised).toBeGreaterThan(0);

    mkdirSync(path('nameless'));
    const source = readFileSync(join(example, 'index.ts'), 'utf8').replace('symbolTables =', 'tables =');
    writeFileSync(path('nameless/index.ts'), source);
    const refused = await run('new', 'refused', '0', '--user-dir', path('nameless'), ...flags);
    expect(refused.stderr).toMatch(/does not declare which of its parameters have one row per symbol; list them in/);
    expect(refused.code).toBe(2);
  });

  it('refuses two dictionaries for a model with one table', async () => {
    saveAsFairseq(path('shared.pt'), loadCheckpoint(path('old-model-joined-1/checkpoint_last'), { optimizer: true }));
    const flags = ['--share-all-embeddings', '--finetune-from-model', path('shared.pt')];
    const { code, stderr } = await begin('joined-new', 'refused', ...flags, '--finetune-dictionaries', path('old'));
    expect(stderr).toMatch(/one table for both sides, but the dictionaries in .*old differ from each other/);
    expect(code).toBe(2);
  });

  it('belongs to --finetune-from-model, and leaves the rest of the model as it has to be', async () => {
    const alone = await begin('new', 'refused', '--finetune-dictionaries', path('old'));
    expect(alone.stderr).toMatch(/--finetune-dictionaries is given without --finetune-from-model/);
    expect(alone.code).toBe(2);
    const flags = [...from('old-model-3'), '--finetune-dictionaries', path('old'), '--encoder-layers', '2'];
    const other = await begin('new', 'refused', ...flags);
    expect(other.stderr).toMatch(/was trained with --encoder-layers 1, not 2/);
    expect(other.code).toBe(2);
  });
});
