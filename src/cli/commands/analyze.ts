import { join } from 'node:path';
import type { Analysis } from '../../analysis/analysis.js';
import { analysisTable } from '../../analysis/table.js';
import { prepareFolder } from '../../checkpoint/atomic-file.js';
import { deviceOptions, openRequestedDevice } from '../../devices/index.js';
import { UserError } from '../../errors.js';
import { distinctNames, writeAnalyses } from '../../experiments/analysis-files.js';
import { analyzeCheckpoint, checkSplits, criterionsOf } from '../../experiments/analyze-checkpoint.js';
import { linePerField } from '../../experiments/json-file.js';
import { defineOptions, type OptionsOf } from '../../options/schema.js';
import { openTranslationTask, translationOptions } from '../../tasks/translation.js';
import { batchSeed, datasetOptions } from '../../training/options.js';
import { defineCommand } from '../command.js';
import { taskOption } from '../options/task-option.js';
import { logOptions, startLog } from '../output/log-sink.js';
import { loadComponents, userDirOption } from '../plugins/user-dir.js';

const { batchSize, requiredBatchSizeMultiple, skipInvalidSizeInputsValidTest, trainSubset } = datasetOptions;

const options = {
  ...defineOptions({
    data: { kind: 'string', default: null, metavar: 'DIR', group: 'Dataset', help: 'data folder' },
    genSubset: { kind: 'string', default: 'test', metavar: 'SPLIT', group: 'Dataset', help: 'split to analyze' },
    maxTokens: {
      kind: 'int',
      default: 4096,
      min: 1,
      group: 'Dataset',
      help: 'maximum tokens per batch, including the batches for gradient norms',
    },
  }),
  batchSize,
  requiredBatchSizeMultiple,
  skipInvalidSizeInputsValidTest,
  trainSubset: { ...trainSubset, help: 'training split, for the gradient norms and the probe' },
  seed: { ...batchSeed, help: 'seed for the order of batches and the probe' },
  ...defineOptions({
    labelSmoothing: {
      kind: 'float',
      default: 0.1,
      min: 0,
      max: 1,
      group: 'Gradients',
      help: 'label smoothing ε of the criterions in the comparison',
    },
    epoch: {
      kind: 'int',
      default: null,
      min: 1,
      group: 'Gradients',
      help: "epoch at which a criterion with a schedule is evaluated (default: the checkpoint's; 1 for an average)",
    },
    gradientBatches: {
      kind: 'int',
      default: 20,
      min: 0,
      group: 'Gradients',
      help: 'average the norm of the gradient over N batches; 0: do not compute it',
    },
    gradientSubset: {
      kind: 'string',
      default: null,
      metavar: 'SPLIT',
      group: 'Gradients',
      help: 'split to take these batches from (default: --train-subset if the data has it, else --gen-subset)',
    },
    probeEpochs: {
      kind: 'int',
      default: 0,
      min: 0,
      group: 'Probe',
      help: 'train a new output projection on the frozen features for N epochs, and write the resulting model to --output as the checkpoint probe; 0: leave it out',
    },
    probeLr: {
      kind: 'float',
      default: 1e-3,
      min: 0,
      group: 'Probe',
      help: 'learning rate of the new projection; the optimizer is Adam',
    },
    probeMemory: {
      kind: 'float',
      default: 4,
      min: 0,
      metavar: 'GIB',
      group: 'Probe',
      help: 'memory that the features of --train-subset may take',
    },
    output: {
      kind: 'string',
      default: null,
      metavar: 'DIR',
      group: 'Output',
      help: 'write analysis.json (NAME.json for several checkpoints), margins.csv, reliability.csv and gradients.csv',
    },
    json: { kind: 'boolean', default: false, group: 'Output', help: 'print JSON instead of a table' },
  }),
  ...userDirOption,
  ...taskOption,
  ...translationOptions,
  ...deviceOptions,
  ...logOptions,
} as const;

type AnalyzeOptions = OptionsOf<typeof options>;

export const analyzeCommand = defineCommand({
  name: 'analyze',
  description:
    "Measures checkpoints on a split, teacher-forced and without dropout: energies, margins, calibration, the gradients of the paper's criterions, and how well a new output projection does on the frozen features.",
  arguments: [{ name: 'checkpoint', help: 'checkpoint stems or fairseq .pt files; one column each', variadic: true }],
  options,
  examples: [
    'ts-fairseq analyze checkpoints/averaged --data data-bin/de-en --output analysis',
    'ts-fairseq analyze ce/averaged el/averaged --data data-bin/de-en --gradient-batches 0',
    'ts-fairseq analyze checkpoints/averaged --data data-bin/de-en --probe-epochs 10 --output analysis',
  ],
  async run({ args, options }) {
    const stopLog = startLog(options);
    try {
      const names = distinctNames(args);
      const analyses = await analyze(args, names, options);
      if (options.output !== null) writeAnalyses(options.output, analyses, names);
      process.stdout.write(`${output(analyses, names, options)}\n`);
    } finally {
      stopLog();
    }
  },
});

function output(analyses: readonly Analysis[], names: readonly string[], { json }: AnalyzeOptions): string {
  if (!json) return analysisTable(analyses, names).join('\n');
  const texts = analyses.map(linePerField);
  return texts.length === 1 ? texts[0]! : `[\n${texts.join(',\n')}\n]`;
}

async function analyze(
  stems: readonly string[],
  names: readonly string[],
  options: AnalyzeOptions,
): Promise<readonly Analysis[]> {
  const { data, output } = options;
  if (data === null) throw new UserError('--data is missing', 'name the data folder that preprocess made');
  if (options.probeEpochs > 0 && output === null) {
    throw new UserError('--probe-epochs needs --output', 'name the folder for the checkpoint with the new projection');
  }
  const components = await loadComponents(options);
  // A mistake in the last checkpoint shows before the first one is computed.
  const criterions = stems.map((stem) => criterionsOf(stem, components.criterions, options.labelSmoothing));
  const task = openTranslationTask(data, options);
  checkSplits(task, options);
  if (output !== null) prepareFolder(output);
  const { architectures } = components;
  const setup = { data, task, architectures, device: await openRequestedDevice(options), options };
  const analyses: Analysis[] = [];
  for (const [index, stem] of stems.entries()) {
    const probeStem = join(output ?? '', stems.length === 1 ? 'probe' : `${names[index]!}-probe`);
    analyses.push(await analyzeCheckpoint(stem, setup, criterions[index]!, probeStem));
  }
  return analyses;
}
