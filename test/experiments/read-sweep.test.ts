import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { UserError } from '../../src/errors.js';
import { parseSweep } from '../../src/experiments/read-sweep.js';
import { stepsOf } from '../../src/experiments/run-steps.js';
import type { SweepPlan } from '../../src/experiments/sweep-plan.js';

const read = (text: string): SweepPlan => parseSweep('sweep.yaml', new Map(Object.entries(parse(text) as object)));

const TABLE = `
output: runs/table
data: bin/de-en
train: { arch: transformer, lr: 5e-3, share-all-embeddings: true }
average-checkpoints: { num-epoch-checkpoints: 10 }
generate:
  test: { beam: [5, 1], remove-bpe: true }
grid:
  direction:
    de-en: {}
    fr-en: { data: bin/fr-en }
  criterion:
    ce: { train: { criterion: cross_entropy } }
    el: { train: { criterion: encouraging, share-all-embeddings: false }, generate: { test: { lenpen: 0.8 } } }
  seed: [1, 2]
`;

describe('a sweep file', () => {
  it('has one run for every combination, the last axis fastest', () => {
    const { runs, axes, output } = read(TABLE);
    expect(output).toBe('runs/table');
    expect(runs.map(({ name }) => name)).toEqual([
      'de-en,ce,seed=1',
      'de-en,ce,seed=2',
      'de-en,el,seed=1',
      'de-en,el,seed=2',
      'fr-en,ce,seed=1',
      'fr-en,ce,seed=2',
      'fr-en,el,seed=1',
      'fr-en,el,seed=2',
    ]);
    expect(axes).toEqual([
      { name: 'direction', values: ['de-en', 'fr-en'] },
      { name: 'criterion', values: ['ce', 'el'] },
      { name: 'seed', values: ['seed=1', 'seed=2'] },
    ]);
    expect(runs[6]!.values).toEqual({ direction: 'fr-en', criterion: 'el', seed: 'seed=1' });
  });

  it('gives a run the shared options and what its values add or replace', () => {
    const run = read(TABLE).runs[7]!;
    expect(run.data).toBe('bin/fr-en');
    expect(run.train).toEqual({
      arch: 'transformer',
      lr: 5e-3,
      'share-all-embeddings': false,
      criterion: 'encouraging',
      seed: 2,
    });
    expect(run.generate).toEqual({
      'test,beam=5': { beam: 5, 'remove-bpe': true, lenpen: 0.8 },
      'test,beam=1': { beam: 1, 'remove-bpe': true, lenpen: 0.8 },
    });
  });

  it('becomes command lines: true is a flag, false is left out, numbers are joined', () => {
    const run = read(`
      output: runs
      data: bin
      train: { share-all-embeddings: true, sentence-avg: false, update-freq: [1, 2], user-dir: my plugins }
      generate: { test: { beam: 5 } }`).runs[0]!;
    expect(run.name).toBe('run');
    const steps = stepsOf(run, 'runs/run', 2);
    expect(steps.map(({ argv }) => argv.join(' '))).toEqual([
      'train bin --share-all-embeddings --update-freq 1,2 --user-dir my plugins --save-dir runs/run/checkpoints --log-format json --log-file runs/run/train.log --threads 2',
      'generate bin --path runs/run/checkpoints/checkpoint_best --beam 5 --results-path runs/run/generate/test --threads 2',
    ]);
  });

  it('translates with the average if it asks for one', () => {
    const run = read(TABLE).runs[0]!;
    expect(stepsOf(run, 'runs/r', 1).map(({ name }) => name)).toEqual([
      'train',
      'average-checkpoints',
      'generate test,beam=5',
      'generate test,beam=1',
    ]);
    expect(stepsOf(run, 'runs/r', 1)[2]!.argv).toContain('runs/r/averaged');
  });

  it('translates with the probe after the analysis that trains it', () => {
    const run = read(`
      output: runs
      data: bin
      generate: { probe: { checkpoint: probe, beam: [5, 1] }, test: { beam: 5 } }
      analyze: { probe-epochs: 3 }`).runs[0]!;
    const steps = stepsOf(run, 'runs/run', 2);
    expect(steps.map(({ name }) => name)).toEqual([
      'train',
      'generate test',
      'analyze',
      'generate probe,beam=5',
      'generate probe,beam=1',
    ]);
    expect(steps[3]!.argv.join(' ')).toBe(
      'generate bin --path runs/run/analysis/probe --beam 5 --results-path runs/run/generate/probe,beam=5 --threads 2',
    );
  });

  it('translates with the probe again when the analysis changes, but not with the model', () => {
    const signatures = (epochs: number): Map<string, string> => {
      const text = 'output: runs\ndata: bin\ngenerate: { probe: { checkpoint: probe }, test: {} }';
      const run = read(`${text}\nanalyze: { probe-epochs: ${epochs} }`).runs[0]!;
      return new Map(stepsOf(run, 'runs/run', 1).map(({ name, signature }) => [name, signature]));
    };
    const [three, four] = [signatures(3), signatures(4)];
    const changed = [...three.keys()].filter((name) => three.get(name) !== four.get(name));
    expect(changed).toEqual(['analyze', 'generate probe']);
  });

  it('names the planned comparisons, and the translations that tune an option', () => {
    const described = read(`${TABLE}
title: The table
compare: { criterion: [[el, ce]] }
tune: { validation: test, test: test }`);
    expect(described.title).toBe('The table');
    expect(described.compare).toEqual([{ axis: 'criterion', values: ['el', 'ce'] }]);
    expect(described.tune).toEqual({ validation: 'test', test: 'test' });
  });

  it('has published scores of systems, in any order of the axes', () => {
    const { published } = read(`${TABLE}
published:
  a paper: { fr-en: { ce: 37.1, el: 37.73 ± 0.17 }, el: { de-en: '35.50' } }
  a list: { ce: 30 }`);
    expect(published).toEqual([
      {
        source: 'a paper',
        scores: [
          { values: { direction: 'fr-en', criterion: 'ce' }, text: '37.1' },
          { values: { direction: 'fr-en', criterion: 'el' }, text: '37.73 ± 0.17' },
          { values: { criterion: 'el', direction: 'de-en' }, text: '35.50' },
        ],
      },
      { source: 'a list', scores: [{ values: { criterion: 'ce' }, text: '30' }] },
    ]);
  });

  it.each([
    [
      'compare: { criterion: [[el, el]] }',
      'sweep.yaml: compare: criterion: el is compared with itself; remove the pair',
    ],
    ['compare: { criterion: [[el, ce], [el, ce]] }', 'compare: criterion: el and ce are compared twice; remove one'],
    ['compare: { criterion: [[el, ce], [ce, el]] }', 'compare: criterion: ce and el are compared twice; remove one'],
    [
      'compare: { seed: [[seed=1, seed=2]] }',
      'sweep.yaml: compare: seeds repeat a system and are not compared; name another axis: direction, criterion',
    ],
    ['tune: { test: test }', 'sweep.yaml: tune: validation is missing; write { validation: NAME, test: NAME }'],
    ['tune: { validation: test, test: [test] }', 'sweep.yaml: tune: test is not the name of a translation'],
    [
      'tune: { validation: tets, test: test }',
      "sweep.yaml: tune: validation: no translation is named 'tets'; did you mean 'test'? (generate has test)",
    ],
    [
      "tune: { validation: test, test: 'nonsense' }",
      "sweep.yaml: tune: test: no translation is named 'nonsense'; known: test",
    ],
  ])('with %j is refused: %s', (text, message) => {
    expect(() => read(`${TABLE}${text}`)).toThrow(UserError);
    expect(() => read(`${TABLE}${text}`)).toThrow(message);
  });

  it('can tune with translations that only some values of the grid have', () => {
    const text = 'output: runs\ndata: bin\ngrid: { a: { x: { generate: { v: {}, t: {} } } } }';
    expect(read(`${text}\ntune: { validation: v, test: t }`).tune).toEqual({ validation: 'v', test: 't' });
  });

  it.each([
    ['data: bin', 'sweep.yaml: output is missing'],
    ['output: runs', 'sweep.yaml: run run has no data'],
    ['output: runs\ntrian: {}', "unknown entry 'trian'; did you mean 'train'?"],
    ['output: runs\ntrain: [1]', 'sweep.yaml: train has no names with values'],
    ['output: runs\ndata: 3', 'sweep.yaml: data is not the name of a folder'],
    ['output: runs\ntrain: { save-dir: x }', 'sweep.yaml: train: the sweep sets save-dir itself'],
    ['output: runs\ntrain: { save_dir: x }', 'the sweep sets save-dir itself'],
    ['output: runs\ntrain: { lr: { a: 1 } }', 'train: lr must be text, a number, true, false or a list'],
    ['output: runs\ngenerate: { test: { tokenizer: moses } }', 'add detokenize: moses to the sweep'],
    ['output: runs\ngenerate: { test: { checkpoint: best } }', 'generate: test: checkpoint must be probe'],
    [
      'output: runs\ndata: bin\ngenerate: { a: { checkpoint: probe } }\nanalyze: { seed: 1 }',
      'sweep.yaml: run run: the translation a needs a probe; add probe-epochs to analyze',
    ],
    ['output: runs\ndetokenize: space', 'sweep.yaml: detokenize must be moses'],
    ['output: runs\ngenerate: { beam: 5 }', 'sweep.yaml: generate: beam has no names with values'],
    ['output: runs\ngrid: { seed: [] }', 'sweep.yaml: grid: seed has no values'],
    ['output: runs\ngrid: { seed: 3 }', 'sweep.yaml: grid: seed has no names with values'],
    ['output: runs\ngrid: { a: { x/y: {} } }', "sweep.yaml: grid: a: 'x/y' cannot be part of a folder's name"],
    ['output: runs\ngrid: { a: { x: { trian: {} } } }', "sweep.yaml: grid: a: x: unknown entry 'trian'"],
    ['output: runs\ndata: bin\ngrid: { a: { x: {} } }\ncompare: { b: [] }', "sweep.yaml: compare: unknown entry 'b'"],
    ['output: runs\ndata: bin\ngrid: { a: { x: {} } }\ncompare: { a: 3 }', 'compare: a is not a list of pairs'],
    ['output: runs\ndata: bin\ngrid: { a: { x: {} } }\ncompare: { a: [x] }', 'compare: a: "x" is not a pair'],
    ['output: runs\ndata: bin\ngrid: { a: { x: {} } }\ncompare: { a: [[x, z]] }', "compare: a: unknown entry 'z'"],
    ['output: runs\ndata: bin\ntune: { validation: v, test: t }', "no translation is named 'v'; add it to generate"],
    ['output: runs\ndata: bin\ngrid: { a: { x: {} } }\npublished: { P: { y: 1 } }', "published: P: unknown entry 'y'"],
    [
      'output: runs\ndata: bin\ngrid: { a: { x: {} } }\npublished: { P: { x: { x: 1 } } }',
      "published: P: x: unknown entry 'x'",
    ],
    ['output: runs\ndata: bin\ncompare: { a: [[x, y]] }', "sweep.yaml: compare: unknown entry 'a'; remove it"],
    ['output: runs\ndata: bin\ntune: { on: v }', "sweep.yaml: tune: unknown entry 'on'"],
    ['output: runs\ngrid: { seed: [1, 1] }', 'sweep.yaml: grid: seed lists 1 twice; remove one of them'],
    ['output: runs\ngrid: { lr: [1e-3, 0.001] }', 'sweep.yaml: grid: lr lists 0.001 twice'],
    ["output: runs\ngrid: { seed: [1, '1'] }", 'sweep.yaml: grid: seed lists 1 twice'],
    ['output: runs\ngrid: { a: { ..: {} } }', "sweep.yaml: grid: a: '..' cannot be part of a folder's name"],
    [
      'output: runs\ngrid: { adam-betas: ["(0.9, 0.98)"] }',
      "grid: adam-betas: 'adam-betas=(0.9, 0.98)' cannot be part of a folder's name",
    ],
    ['output: runs\ngenerate: { ../x: {} }', "sweep.yaml: generate: '../x' cannot be the name of a folder"],
    ['output: runs\ngenerate: { ..: {} }', "sweep.yaml: generate: '..' cannot be the name of a folder"],
    ['output: runs\ngenerate: { "": {} }', "sweep.yaml: generate: '' cannot be the name of a folder"],
    [
      "output: runs\ngenerate: { test: { beam: [5, 1] }, 'test,beam=5': { beam: 5 } }",
      "sweep.yaml: generate: 'test,beam=5' cannot be the name of a folder; use letters, digits and '.', '+', '=', '-', '_'",
    ],
    [
      'output: runs\ngrid: { a: { x: { generate: { b/c: {} } } } }',
      "sweep.yaml: grid: a: x: generate: 'b/c' cannot be the name of a folder",
    ],
    [
      'output: runs\ngenerate: { test: { prefix: [a/b, c] } }',
      "sweep.yaml: generate: test: prefix: 'a/b' cannot be part of a folder's name; write a translation of its own for each value",
    ],
    ['output: runs\ngenerate: { test: { beam: [] } }', 'sweep.yaml: generate: test: beam is an empty list; give it a'],
    ['output: runs\ntrain: { update-freq: [] }', 'sweep.yaml: train: update-freq is an empty list; give it a value'],
    ['output: runs\ngenerate: { test: { beam: [5, 5] } }', 'sweep.yaml: generate: test: beam lists 5 twice; remove'],
    ['output: runs\ngenerate: { test: { lenpen: [1, 1.0] } }', 'generate: test: lenpen lists 1 twice'],
  ])('%j is refused: %s', (text, message) => {
    expect(() => read(text)).toThrow(UserError);
    expect(() => read(text)).toThrow(message);
  });
});
