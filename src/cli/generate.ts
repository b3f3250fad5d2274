import { deviceOptions, int8Option, openRequestedDevice } from '../devices/index.js';
import { logProfile, profileOption, requestedProfiler } from '../devices/profile.js';
import { UserError } from '../errors.js';
import { forcedDecoding } from '../generation/forced-decoding.js';
import { BeamSearch, outputLines, outputOptions, searchOptions } from '../generation/index.js';
import { scoreLines } from '../generation/score-lines.js';
import { defineOptions, type OptionsOf } from '../options/schema.js';
import { setupTranslation, translationOptions } from '../tasks/translation.js';
import type { TranslationData } from '../tasks/translation-data.js';
import { batchSeed, datasetOptions } from '../training/options.js';
import { loadModel } from '../translation/load-model.js';
import { parseModelOverrides } from '../translation/model-overrides.js';
import { writeResults } from '../translation/results-file.js';
import { translateSplit } from '../translation/translate-split.js';
import { defineCommand } from './command.js';
import { logOptions, startLog } from './log-sink.js';
import { loadComponents, userDirOption } from './user-dir.js';

const { batchSize, requiredBatchSizeMultiple, skipInvalidSizeInputsValidTest, numWorkers } = datasetOptions;

const modelSelection = defineOptions({
  path: {
    kind: 'string',
    default: null,
    metavar: 'STEM[:STEM…]',
    group: 'Model',
    help: "checkpoint, by its stem or fairseq's .pt; several, separated by colons, are an ensemble",
  },
  modelOverrides: {
    kind: 'string',
    default: '{}',
    metavar: 'JSON',
    group: 'Model',
    help: `options of the model to replace, e.g. '{"activation_fn": "gelu"}'`,
  },
});

const dataSelection = {
  ...defineOptions({
    genSubset: { kind: 'string', default: 'test', metavar: 'SPLIT', group: 'Dataset', help: 'what is translated' },
    maxTokens: {
      kind: 'int',
      default: null,
      min: 1,
      group: 'Dataset',
      help: 'most tokens in a batch (12000 when no size is given)',
    },
  }),
  batchSize,
  requiredBatchSizeMultiple,
  skipInvalidSizeInputsValidTest,
  numWorkers,
  seed: batchSeed,
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
  ...translationOptions,
  ...deviceOptions,
  ...int8Option,
  ...logOptions,
  ...profileOption,
} as const;

type GenerateOptions = OptionsOf<typeof options>;

export const generateCommand = defineCommand({
  name: 'generate',
  description:
    'Translates a split that preprocess made. Prints S- source, T- reference, H- hypothesis with its score in base 2, D- the same detokenized, P- token scores, A- alignment; then tokenized BLEU and sacreBLEU.',
  arguments: [{ name: 'data', help: 'data folder' }],
  options,
  examples: [
    'ts-fairseq generate data-bin/de-en --path checkpoints/averaged --beam 5 --batch-size 128 --remove-bpe',
    'ts-fairseq generate data-bin/de-en --path a/checkpoint_best:b/checkpoint_best --results-path results --quiet',
  ],
  async run({ args, options }) {
    checkOptions(options);
    const stopLog = startLog(options);
    try {
      await writeResults(options.resultsPath, options.genSubset, () => generate(args[0]!, options));
    } finally {
      stopLog();
    }
  },
});

function checkOptions({ path, nbest, beam }: GenerateOptions): void {
  if (path === null) {
    throw new UserError('no checkpoint is given', 'add --path, e.g. --path checkpoints/checkpoint_best');
  }
  if (nbest > beam) {
    throw new UserError(`--nbest ${nbest} is more than --beam ${beam}`, 'raise --beam or lower --nbest');
  }
}

/** Translates and scores. @returns the lines to print */
async function generate(dataFolder: string, options: GenerateOptions): Promise<string[]> {
  const { architectures } = await loadComponents(options);
  const overrides = parseModelOverrides(options.modelOverrides, architectures);
  const task = setupTranslation(dataFolder, options);
  const data = task.loadSplit(options.genSubset);
  const device = await openRequestedDevice(options);
  const stems = options.path!.split(':').filter((stem) => stem !== '');
  const models = stems.map((stem) => loadModel(stem, task, architectures, overrides).model);
  try {
    const { size: vocab, padIndex, eosIndex, unkIndex } = task.targetDictionary;
    const symbols = { vocab, padIndex, eosIndex, unkIndex };
    const searching = options.scoreReference ? forcedDecoding(longestReference(data)) : options;
    const search = new BeamSearch(models, symbols, searching, options.printAlignment !== null);
    const profiler = requestedProfiler(options, device);
    profiler?.start();
    const sentences = await translateSplit(task, data, search, options);
    if (profiler !== null) logProfile(`the translation of ${data.split}`, profiler.end());
    return [...(options.quiet ? [] : sentences.flatMap(outputLines)), ...scoreLines(sentences, options)];
  } finally {
    data.close();
    for (const model of models) model.dispose();
  }
}

const longestReference = ({ sizes }: TranslationData): number =>
  (sizes.target ?? sizes.source).reduce((longest, length) => Math.max(longest, length), 1);
