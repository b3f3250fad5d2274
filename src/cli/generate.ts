import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Bleu, formatBleu } from 'sacrebleu-ts';
import { POST_PROCESSES } from '../data/post-process.js';
import { deviceOptions, openDevice } from '../devices/index.js';
import { UserError } from '../errors.js';
import { TextBleuScorer } from '../generation/bleu-scorer.js';
import { BeamSearch, outputLines, searchOptions, type TranslatedSentence } from '../generation/index.js';
import { parseOptionValue } from '../options/parse.js';
import { defineOptions, type OptionSchema, type OptionValues } from '../options/schema.js';
import { didYouMean } from '../plugins/did-you-mean.js';
import type { ArchitectureDefinition } from '../plugins/model.js';
import type { Registry } from '../plugins/registry.js';
import { setupTranslation, translationOptions } from '../tasks/translation.js';
import { writeLinesAtomically } from '../text/lines.js';
import { loadModel } from '../translation/load-model.js';
import { translateSplit } from '../translation/translate-split.js';
import { defineCommand } from './command.js';
import { logOptions, startLog } from './log-sink.js';
import { loadComponents, userDirOption } from './user-dir.js';

const generateOptions = defineOptions({
  path: {
    kind: 'string',
    default: null,
    metavar: 'CKPT[:CKPT…]',
    help: 'checkpoint, by its stem; several are an ensemble',
  },
  genSubset: { kind: 'string', default: 'test', metavar: 'SPLIT', help: 'what is translated' },
  resultsPath: { kind: 'string', default: null, metavar: 'DIR', help: 'write generate-SPLIT.txt there, not to stdout' },
  postProcess: {
    kind: 'choice',
    choices: POST_PROCESSES,
    bare: 'subword_nmt',
    default: null,
    aliases: ['--remove-bpe'],
    metavar: 'SCHEME',
    help: 'join subwords: subword_nmt (the bare flag), sentencepiece, …',
  },
  quiet: { kind: 'boolean', default: false, help: 'print the scores only' },
  scoring: {
    kind: 'choice',
    choices: ['bleu', 'sacrebleu'],
    default: 'bleu',
    help: 'the last lines: tokenized BLEU4 and sacreBLEU, or sacreBLEU alone',
  },
  sacrebleu: { kind: 'boolean', default: false, help: 'the same as --scoring sacrebleu' },
  modelOverrides: {
    kind: 'string',
    default: '{}',
    metavar: 'JSON',
    help: 'options of the model to replace, e.g. {"dropout": 0}',
  },
  maxTokens: { kind: 'int', default: null, min: 1, help: 'most tokens of a batch (12000 when no size is given)' },
  batchSize: { kind: 'int', default: null, min: 1, aliases: ['--max-sentences'], help: 'most sentences of a batch' },
  requiredBatchSizeMultiple: {
    kind: 'int',
    default: 8,
    min: 1,
    help: 'batches hold a multiple of this many sentences',
  },
  skipInvalidSizeInputsValidTest: { kind: 'boolean', default: false, help: 'leave out sentences that are too long' },
});

export const generateCommand = defineCommand({
  name: 'generate',
  description:
    'Translates a split that preprocess made: S- source, T- reference, H- hypothesis with its score in base 2, D- the same detokenized, P- token scores; then tokenized BLEU and sacreBLEU.',
  arguments: [{ name: 'data', help: 'data folder' }],
  options: {
    ...generateOptions,
    ...userDirOption,
    ...searchOptions,
    ...translationOptions,
    ...deviceOptions,
    ...logOptions,
  },
  examples: ['ts-fairseq generate data-bin/de-en --path checkpoints/averaged --beam 5 --batch-size 128 --remove-bpe'],
  async run({ args, options }) {
    const { path, quiet, nbest, resultsPath, genSubset } = options;
    if (path === null)
      throw new UserError('no checkpoint is given', 'add --path, e.g. --path checkpoints/checkpoint_best');
    if (nbest > options.beam)
      throw new UserError(`--nbest ${nbest} is more than --beam ${options.beam}`, 'raise --beam');
    const stopLog = startLog(options);
    try {
      const { architectures } = await loadComponents(options);
      const task = setupTranslation(args[0]!, options);
      const data = task.loadSplit(genSubset);
      await openDevice(options.cpu ? 'cpu' : options.device, { threads: options.threads });
      const stems = path.split(':').filter((stem) => stem !== '');
      const models = stems.map((stem) => {
        const overrides = parseOverrides(options.modelOverrides, architectures);
        return loadModel(stem, task, architectures, overrides).model;
      });
      const { size: vocab, padIndex, eosIndex, unkIndex } = task.targetDictionary;
      const search = new BeamSearch(models, { vocab, padIndex, eosIndex, unkIndex }, options);
      const sentences = await translateSplit(task, data, search, options.postProcess, {
        maxTokens: options.maxTokens,
        maxSentences: options.batchSize,
        requiredBatchSizeMultiple: options.requiredBatchSizeMultiple,
        skipInvalidSizes: options.skipInvalidSizeInputsValidTest,
      });
      const onlySacrebleu = options.sacrebleu || options.scoring === 'sacrebleu';
      const lines = quiet ? [] : sentences.flatMap((sentence) => outputLines(sentence, nbest));
      const scores = scoreLines(sentences, genSubset, options.beam, onlySacrebleu);
      writeLinesAtomically(resultsFile(resultsPath, genSubset), [...lines, ...scores]);
      for (const model of models) model.dispose();
    } finally {
      stopLog();
    }
  },
});

function resultsFile(resultsPath: string | null, split: string): string {
  if (resultsPath === null) return '-';
  mkdirSync(resultsPath, { recursive: true });
  return join(resultsPath, `generate-${split}.txt`);
}

/** The last lines; none where a sentence has no reference. */
function scoreLines(
  sentences: readonly TranslatedSentence[],
  split: string,
  beam: number,
  onlySacrebleu: boolean,
): string[] {
  const references = sentences.map(({ reference }) => reference).filter((reference) => reference !== null);
  if (references.length < sentences.length || sentences.length === 0) return [];
  const hypotheses = sentences.map(({ translations }) => translations[0]?.text ?? '');
  const bleu = new Bleu();
  const score = bleu.corpusScore(hypotheses, [references]);
  const sacrebleu = formatBleu(score, { signature: bleu.signature() });
  const prefix = `Generate ${split} with beam=${beam}:`;
  if (onlySacrebleu) return [`${prefix} ${sacrebleu}`];
  const scorer = new TextBleuScorer();
  hypotheses.forEach((hypothesis, index) => {
    scorer.addLine(references[index]!, hypothesis);
  });
  return [`${prefix} ${scorer.resultLine(4)}`, sacrebleu];
}

/** `{"dropout": 0}`, fairseq's snake_case names, checked against the options of every model there is. */
function parseOverrides(text: string, architectures: Registry<ArchitectureDefinition>): OptionValues {
  let overrides: unknown;
  try {
    overrides = JSON.parse(text);
  } catch (cause) {
    throw new UserError(`--model-overrides: '${text}' is no JSON`, 'give an object, e.g. {"dropout": 0}', { cause });
  }
  const schema: OptionSchema = Object.assign({}, ...architectures.values().map(({ model }) => model.options));
  return Object.fromEntries(
    Object.entries(overrides as object).map(([name, value]) => {
      const key = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
      const spec = schema[key];
      if (spec === undefined)
        throw new UserError(`--model-overrides: unknown '${name}'`, didYouMean(key, Object.keys(schema)));
      return [key, parseOptionValue(`--model-overrides ${name}`, spec, String(value))];
    }),
  );
}
