import { deviceOptions, int8Option, openRequestedDevice } from '../../devices/index.js';
import { logProfile, profileOption, requestedProfiler } from '../../devices/profile.js';
import { distributedOptions } from '../../distributed/options.js';
import { logProcesses } from '../../distributed/placement.js';
import { alone, type Workers } from '../../distributed/workers.js';
import { UserError } from '../../errors.js';
import { codecOptions } from '../../inference/codec-options.js';
import { disposeAll, loadModels } from '../../inference/load-models.js';
import { parseModelOverrides } from '../../inference/model-overrides.js';
import { writeResults } from '../../inference/results-file.js';
import { translateSplit } from '../../inference/translate-split.js';
import { readWordTranslations } from '../../inference/unknown-words.js';
import { openModelPaths } from '../../model-folder/model-paths.js';
import { defineOptions, type OptionsOf } from '../../options/schema.js';
import { scoreLines } from '../../scoring/score-lines.js';
import { forcedDecoding } from '../../search/forced-decoding.js';
import { outputLines, outputOptions, SequenceGenerator, searchOptions, symbolsOf } from '../../search/index.js';
import { openTranslationTask, translationOptions } from '../../tasks/translation.js';
import type { TranslationData } from '../../tasks/translation-data.js';
import { datasetOptions } from '../../training/options.js';
import { defineCommand } from '../command.js';
import { ignoredInTranslation } from '../options/ignored-flags.js';
import { warnOfIgnored } from '../options/ignored-options.js';
import { codecOf, withFolderDefaults } from '../options/model-folder-options.js';
import { taskOption } from '../options/task-option.js';
import { checkTranslationOptions, modelSelection, unsupportedFlags } from '../options/translation-options.js';
import { logOptions } from '../output/log-sink.js';
import { loadArchitectures, userDirOption } from '../plugins/user-dir.js';
import { startSharedLog, withWorkers } from '../workers.js';

const { batchSize, requiredBatchSizeMultiple, skipInvalidSizeInputsValidTest, numWorkers } = datasetOptions;

const dataSelection = {
  ...defineOptions({
    genSubset: { kind: 'string', default: 'test', metavar: 'SPLIT', group: 'Dataset', help: 'split to translate' },
    maxTokens: {
      kind: 'int',
      default: null,
      min: 1,
      group: 'Dataset',
      help: 'maximum tokens per batch (12000 if no size is set)',
    },
  }),
  batchSize,
  requiredBatchSizeMultiple,
  skipInvalidSizeInputsValidTest,
  numWorkers,
  ...defineOptions({
    numShards: { kind: 'int', default: 1, min: 1, group: 'Dataset', help: 'divide the batches among N processes' },
    shardId: { kind: 'int', default: 0, min: 0, group: 'Dataset', help: 'part to translate, counted from 0' },
  }),
} as const;

const resultOptions = defineOptions({
  resultsPath: {
    kind: 'string',
    default: null,
    metavar: 'DIR',
    group: 'Output',
    help: 'write to DIR/generate-SPLIT.txt instead of stdout',
  },
  quiet: { kind: 'boolean', default: false, group: 'Output', help: 'print the scores only' },
});

const options = {
  ...modelSelection,
  ...userDirOption,
  ...dataSelection,
  ...searchOptions,
  ...outputOptions,
  ...resultOptions,
  ...codecOptions,
  ...taskOption,
  ...translationOptions,
  ...deviceOptions,
  ...int8Option,
  ...logOptions,
  ...profileOption,
  ...distributedOptions,
} as const;

type GenerateOptions = OptionsOf<typeof options>;

export const generateCommand = defineCommand({
  name: 'generate',
  description:
    'Translates a split that preprocess wrote. Prints S- source, T- reference, H- hypothesis with its score in base 2, D- detokenized hypothesis, P- token scores and A- alignment; then tokenized BLEU and sacreBLEU.',
  arguments: [{ name: 'data', help: 'data folder' }],
  options,
  examples: [
    'ts-fairseq generate data-bin/de-en --path checkpoints/averaged --beam 5 --batch-size 128 --remove-bpe',
    'ts-fairseq generate data-bin/de-en --path a/checkpoint_best:b/checkpoint_best --results-path results --quiet',
  ],
  unsupported: unsupportedFlags,
  ignored: ignoredInTranslation,
  withWorkers,
  async run({ args, options, explicitKeys, ignored }, workers = alone()) {
    const stopLog = startSharedLog(workers, options);
    try {
      warnOfIgnored(ignored);
      const translate = () => generate(args[0]!, options, explicitKeys, workers);
      if (workers.isFirst) await writeResults(options.resultsPath, options.genSubset, translate);
      else await translate();
    } finally {
      stopLog();
    }
  },
});

function checkOptions(options: GenerateOptions): void {
  checkTranslationOptions(options);
  const { constraints, numShards, shardId } = options;
  if (constraints !== null) {
    throw new UserError('--constraints requires phrases, which a split does not have', 'use interactive');
  }
  if (shardId >= numShards) {
    throw new UserError(
      `--shard-id ${shardId} is not less than --num-shards ${numShards}`,
      'shards are numbered from 0',
    );
  }
}

/** What `generate` needs before it translates. */
async function prepare(
  dataFolder: string,
  given: GenerateOptions,
  explicitKeys: ReadonlySet<string>,
  localRank: number,
) {
  checkOptions(given);
  const { stems, folder } = openModelPaths(checkTranslationOptions(given));
  const options = withFolderDefaults(given, explicitKeys, folder);
  const architectures = await loadArchitectures(options);
  const overrides = parseModelOverrides(options.modelOverrides, architectures);
  const unknownWords = readWordTranslations(options.replaceUnk);
  const task = openTranslationTask(dataFolder, options);
  const codec = await codecOf(options, explicitKeys, folder, task);
  const data = task.loadSplit(options.genSubset);
  const forSearch = options.userDir === null && !options.profile;
  const device = await openRequestedDevice(options, { forSearch, localRank });
  const models = await loadModels(stems, task, architectures, device, overrides);
  return { options, unknownWords, task, codec, data, device, models };
}

/** Translates and scores a split. @returns the lines to print, on the first rank */
async function generate(
  dataFolder: string,
  given: GenerateOptions,
  explicitKeys: ReadonlySet<string>,
  workers: Workers,
): Promise<string[]> {
  const prepared = await workers.together(() => prepare(dataFolder, given, explicitKeys, workers.world.localRank));
  const { options, unknownWords, task, codec, data, device, models } = prepared;
  await logProcesses(workers, device);
  try {
    const symbols = symbolsOf(task.targetDictionary);
    const searching = options.scoreReference ? forcedDecoding(longestReference(data)) : options;
    const search = new SequenceGenerator(
      models,
      symbols,
      searching,
      options.printAlignment !== null || unknownWords !== null,
    );
    const profiler = requestedProfiler(options, device);
    profiler?.start();
    const settings = { ...options, unknownWords, detokenize: codec.decode };
    const translated = await translateSplit(task, data, search, settings, workers);
    if (profiler !== null) logProfile(`the translation of ${data.split}`, profiler.end());
    if (!workers.isFirst) return [];
    const sentences = translated.map((sentence) => ({ ...sentence, source: codec.decode(sentence.source) }));
    const lines = options.quiet ? [] : sentences.flatMap((sentence) => outputLines(sentence));
    return [...lines, ...scoreLines(sentences, options)];
  } finally {
    data.close();
    disposeAll(models);
  }
}

const longestReference = ({ sizes }: TranslationData): number =>
  (sizes.target ?? sizes.source).reduce((longest, length) => Math.max(longest, length), 1);
