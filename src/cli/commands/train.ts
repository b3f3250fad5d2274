import { builtInComponents } from '../../components.js';
import { deviceOptions, openRequestedDevice } from '../../devices/index.js';
import { profileOption, requestedProfiler } from '../../devices/profile.js';
import { logProcesses } from '../../distributed/placement.js';
import { alone } from '../../distributed/workers.js';
import { defineOptions, flagOf, type OptionSchema } from '../../options/schema.js';
import { machineOf, trainingOptions } from '../../training/request.js';
import { train } from '../../training/train.js';
import { defineCommand } from '../command.js';
import { untilInterrupted } from '../interruption.js';
import { warnOfDefaultRate } from '../options/default-learning-rate.js';
import { ignoredInTraining } from '../options/ignored-flags.js';
import { warnOfIgnored } from '../options/ignored-options.js';
import { taskOption } from '../options/task-option.js';
import { unsupportedInTraining } from '../options/unsupported-training-flags.js';
import { logOptions } from '../output/log-sink.js';
import { startTensorboard, tensorboardOption } from '../output/tensorboard.js';
import { loadComponents, PLUGIN_GROUP, userDirOption } from '../plugins/user-dir.js';
import { version } from '../version.js';
import { startSharedLog, withWorkers } from '../workers.js';

const known = builtInComponents();

const selection = defineOptions({
  arch: {
    kind: 'string',
    default: 'transformer',
    aliases: ['-a'],
    metavar: 'NAME',
    group: PLUGIN_GROUP,
    help: `model architecture: ${known.architectures.names().join(', ')}`,
  },
  criterion: {
    kind: 'string',
    default: 'cross_entropy',
    metavar: 'NAME',
    group: PLUGIN_GROUP,
    help: `training loss: ${known.criterions.names().join(', ')}`,
  },
  optimizer: {
    kind: 'string',
    default: 'adam',
    metavar: 'NAME',
    group: PLUGIN_GROUP,
    help: `optimizer: ${known.optimizers.names().join(', ')}`,
  },
  lrScheduler: {
    kind: 'string',
    default: 'fixed',
    metavar: 'NAME',
    group: PLUGIN_GROUP,
    help: `learning rate schedule: ${known.lrSchedulers.names().join(', ')}`,
  },
});

const options = {
  ...selection,
  ...taskOption,
  ...userDirOption,
  ...trainingOptions,
  ...deviceOptions,
  ...logOptions,
  ...tensorboardOption,
  ...profileOption,
} as const;

type Selection = { readonly [K in 'arch' | 'criterion' | 'optimizer' | 'lrScheduler']: string } & {
  readonly userDir: string | null;
};

/** The plug-ins with the names on the command line. */
async function select({ arch, criterion, optimizer, lrScheduler, userDir }: Selection) {
  const components = await loadComponents({ userDir });
  return {
    architecture: components.architectures.get(arch),
    criterion: components.criterions.get(criterion),
    optimizer: components.optimizers.get(optimizer),
    lrScheduler: components.lrSchedulers.get(lrScheduler),
  };
}

/** The choices of built-in plug-ins that have a flag. */
function choicesWith(flag: string): string[] {
  const has = (schema: OptionSchema): boolean =>
    Object.entries(schema).some(([key, spec]) => flagOf(key, spec) === flag);
  return [
    ...known.criterions.values().map(({ name, options }) => ({ choice: `--criterion ${name}`, options })),
    ...known.optimizers.values().map(({ name, options }) => ({ choice: `--optimizer ${name}`, options })),
    ...known.lrSchedulers.values().map(({ name, options }) => ({ choice: `--lr-scheduler ${name}`, options })),
  ].flatMap(({ choice, options }) => (has(options) ? choice : []));
}

export const trainCommand = defineCommand({
  name: 'train',
  description:
    'Trains a model on data that preprocess wrote. Validates and saves it after every epoch, and resumes from the last checkpoint in --save-dir.',
  arguments: [{ name: 'data', help: 'data folder; several, separated by colons, are used in turn, one per epoch' }],
  options,
  examples: [
    'ts-fairseq train data-bin/de-en --arch transformer_iwslt_de_en --criterion encouraging --label-smoothing 0.1 \\\n' +
      '      --lr 5e-4 --lr-scheduler inverse_sqrt --max-tokens 4096 --max-epoch 50',
    'ts-fairseq train data-bin/de-en --user-dir my-plugins --criterion mine --max-tokens 4096 --help',
  ],
  async extend(selected) {
    const { architecture, criterion, optimizer, lrScheduler } = await select(selected);
    return [
      { title: `Model ${selected.arch}`, schema: architecture.model.options, defaults: architecture.defaults },
      { title: `Criterion ${criterion.name}`, schema: criterion.options },
      { title: `Optimizer ${optimizer.name}`, schema: optimizer.options },
      { title: `Learning rate ${lrScheduler.name}`, schema: lrScheduler.options },
    ];
  },
  choicesWith,
  unsupported: unsupportedInTraining,
  ignored: ignoredInTraining,
  withWorkers,
  async run({ args, options, all, explicitKeys, ignored, formatConfig }, workers = alone()) {
    const plugins = await select(options);
    await untilInterrupted(async (signal) => {
      const stopLog = startSharedLog(workers, options);
      let stopTensorboard = (): void => {};
      try {
        if (workers.isFirst) stopTensorboard = startTensorboard(options.tensorboardLogdir);
        warnOfIgnored(ignored);
        if (!explicitKeys.has('lr')) warnOfDefaultRate(plugins.optimizer, all);
        const device = await workers.together(() =>
          openRequestedDevice(options, { localRank: workers.world.localRank }),
        );
        await logProcesses(workers, device);
        await train({
          data: args[0]!,
          options,
          all,
          plugins,
          device,
          kernels: device.arenaKernels,
          machine: machineOf(device.description),
          version,
          config: await formatConfig(),
          logInterval: options.logInterval,
          profiler: requestedProfiler(options, device),
          signal,
          workers,
        });
        await workers.leave();
      } finally {
        stopTensorboard();
        stopLog();
      }
    });
  },
});
