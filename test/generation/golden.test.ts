import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { openDevice } from '../../src/devices/index.js';
import { TextBleuScorer } from '../../src/generation/bleu-scorer.js';
import { BeamSearch, type SearchOptions, searchOptions, toText } from '../../src/generation/index.js';
import { prefixesOf } from '../../src/generation/prefixes.js';
import { parseOptionValue } from '../../src/options/parse.js';
import { flagOf } from '../../src/options/schema.js';
import type { TranslationModel } from '../../src/plugins/model.js';
import type { TranslationTask } from '../../src/tasks/translation.js';
import * as tf from '../../src/tf.js';
import { referenceModel, referenceTask } from '../helpers/reference-model.js';

type GoldenHypothesis = [score: number, text: string, tokenScores: number[]];
interface GoldenRun {
  args: string[];
  hypotheses: Record<string, GoldenHypothesis[]>;
  result: string;
}

const golden = JSON.parse(readFileSync(new URL('../golden/generate/generate.json', import.meta.url), 'utf8')) as Record<
  string,
  GoldenRun
>;

let task: TranslationTask;
let trained: TranslationModel;
let update20: TranslationModel;

beforeAll(async () => {
  await openDevice(null, { threads: null });
  task = referenceTask();
  trained = referenceModel(task, 'trained');
  update20 = referenceModel(task, 'update20');
  await warmUp([trained, update20]);
});

/** Makes what a model makes once and keeps (its table of positions), so that tensors can be counted. */
async function warmUp(models: TranslationModel[]): Promise<void> {
  const data = task.loadSplit('test');
  await searchWith(models, optionsOf(['--max-len-b', '2'])).translate(task.collate(data, Int32Array.from([0])));
}

function searchWith(models: TranslationModel[], options: SearchOptions): BeamSearch {
  const { size: vocab, padIndex, eosIndex, unkIndex } = task.targetDictionary;
  return new BeamSearch(models, { vocab, padIndex, eosIndex, unkIndex }, options);
}

/** fairseq's arguments as search options. */
function optionsOf(args: readonly string[]): SearchOptions {
  const values = Object.entries(searchOptions).map(([key, spec]) => {
    const index = args.indexOf(flagOf(key, spec));
    if (index < 0) return [key, spec.default];
    return [key, spec.kind === 'boolean' ? true : parseOptionValue(args[index]!, spec, args[index + 1]!)];
  });
  return Object.fromEntries(values) as SearchOptions;
}

const argument = (args: readonly string[], flag: string): string | undefined =>
  args.includes(flag) ? args[args.indexOf(flag) + 1] : undefined;

describe("fairseq's translations with fairseq's weights", () => {
  it.each(Object.keys(golden))('%s', async (name) => {
    const { args, hypotheses, result } = golden[name]!;
    const options = optionsOf(args);
    const models = args[args.indexOf('--path') + 1]!.includes(':') ? [trained, update20] : [trained];
    const search = searchWith(models, options);
    const data = task.loadSplit(argument(args, '--gen-subset') ?? 'test');
    const maxTokens = argument(args, '--max-tokens');
    const batchSize = argument(args, '--batch-size');
    const { batches } = task.makeBatches(data, {
      seed: 1,
      maxTokens: maxTokens === undefined ? null : Number(maxTokens),
      maxSentences: batchSize === undefined ? null : Number(batchSize),
      requiredBatchSizeMultiple: 8,
    });
    const postProcess = args.includes('--remove-bpe') ? 'subword_nmt' : null;
    const scorer = new TextBleuScorer();
    const before = tf.memory().numTensors;
    let seen = 0;
    for (const ids of batches) {
      const batch = task.collate(data, ids);
      const prefixTokens = options.prefixSize > 0 ? prefixesOf(batch, options.prefixSize) : undefined;
      const found = await search.translate(prefixTokens === undefined ? batch : { ...batch, prefixTokens });
      const pairs = new Map(data.pairs(ids).map((pair) => [pair.id, pair]));
      found.forEach((list, index) => {
        const id = batch.ids[index]!;
        const { translations, reference } = toText(pairs.get(id)!, list, { ...task, postProcess });
        scorer.addLine(reference!, translations[0]!.text);
        const expected = hypotheses[id]!;
        seen += 1;
        expected.forEach(([score, text, tokenScores], rank) => {
          const actual = translations[rank]!;
          expect(actual.text, `H-${id}`).toBe(text);
          expect(Math.abs(actual.score - score), `score of H-${id}`).toBeLessThanOrEqual(1e-3);
          expect(actual.tokenScores.length).toBe(tokenScores.length);
          actual.tokenScores.forEach((value, position) => {
            expect(Math.abs(value - tokenScores[position]!), `P-${id}`).toBeLessThanOrEqual(1e-3);
          });
        });
      });
    }
    expect(seen).toBe(Object.keys(hypotheses).length);
    expect(result).toContain(scorer.resultLine(4));
    expect(tf.memory().numTensors).toBe(before);
  });
});
