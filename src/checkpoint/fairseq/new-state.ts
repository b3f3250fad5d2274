import { isEpochState } from '../../data/epoch-iterator.js';
import type { CheckpointMetadata } from '../metadata.js';
import { isMaximized } from '../metric-direction.js';
import { isMeterStates, isScheduleState, type MeterState, type MeterStates } from '../training-state.js';
import { fairseqConfig } from './config.js';
import { fromTypedJson } from './python-json.js';
import { OrderedDict, type PythonDict, PythonTuple, type PythonValue, pythonFloat } from './python-values.js';

/** fairseq's state without tensors, for a checkpoint that fairseq did not write. */
export function newState(metadata: CheckpointMetadata): PythonDict {
  const kept = metadata.fairseq === undefined ? null : fromTypedJson(metadata.fairseq.state);
  const [args, cfg] = kept instanceof Map ? [kept.get('args') as PythonValue, kept.get('cfg') as PythonValue] : [];
  return new Map<PythonValue, PythonValue>([
    ['args', args ?? null],
    ['cfg', cfg ?? (args == null ? fairseqConfig(metadata) : null)],
    ['criterion', null],
    ['optimizer_history', [optimizerHistory(metadata)]],
    ['task_state', new Map()],
    ['extra_state', extraState(metadata)],
  ]);
}

/** The names of fairseq's classes, which fairseq compares when it resumes training. */
const CLASSES: Readonly<Record<string, string>> = {
  cross_entropy: 'CrossEntropyCriterion',
  label_smoothed_cross_entropy: 'LabelSmoothedCrossEntropyCriterion',
  label_smoothed_cross_entropy_with_rdrop: 'RdropLabelSmoothedCrossEntropyCriterion',
  adam: 'FairseqAdam',
  sgd: 'SGD',
  nag: 'FairseqNAG',
  adagrad: 'Adagrad',
  adadelta: 'Adadelta',
  adamax: 'FairseqAdamax',
  adafactor: 'FairseqAdafactor',
  lamb: 'FairseqLAMB',
};

const className = (name: unknown): string => {
  const known = CLASSES[String(name)];
  const camel = String(name).replace(/(^|_)([a-z])/g, (_, __, letter: string) => letter.toUpperCase());
  return known ?? `${camel}Criterion`;
};

/** The best value of --lr-scheduler reduce_lr_on_plateau; before the first validation infinite, as in PyTorch. */
function plateauOf({ options, training }: CheckpointMetadata): PythonValue {
  if (options.lrScheduler !== 'reduce_lr_on_plateau') return null;
  const schedule = training?.lrScheduler;
  if (isScheduleState(schedule) && typeof schedule.best === 'number') return pythonFloat(schedule.best);
  return pythonFloat(
    isMaximized(options.bestCheckpointMetric, options.maximizeBestCheckpointMetric) ? -Infinity : Infinity,
  );
}

function optimizerHistory(metadata: CheckpointMetadata): PythonDict {
  const { options, training } = metadata;
  return new Map<PythonValue, PythonValue>([
    ['criterion_name', className(options.criterion)],
    ['optimizer_name', className(options.optimizer ?? 'adam')],
    ['lr_scheduler_state', new Map([['best', plateauOf(metadata)]])],
    ['num_updates', training?.updates ?? 0],
  ]);
}

const FIRST_EPOCH = { epoch: 1, iterationsInEpoch: 0, shuffle: true };

function extraState({ training }: CheckpointMetadata): PythonDict {
  const { epoch, iterationsInEpoch, shuffle } = isEpochState(training?.iterator) ? training.iterator : FIRST_EPOCH;
  const meters = isMeterStates(training?.meters) ? training.meters : null;
  const best = training?.bestMetric ?? null;
  return new Map<PythonValue, PythonValue>([
    ['metrics', metrics(meters)],
    ['previous_training_time', pythonFloat(0)],
    [
      'train_iterator',
      new Map<PythonValue, PythonValue>([
        ['version', 2],
        ['epoch', epoch],
        ['iterations_in_epoch', iterationsInEpoch],
        ['shuffle', shuffle],
      ]),
    ],
    ['val_loss', best === null ? null : pythonFloat(best)],
    ...(best === null ? [] : ([['best', pythonFloat(best)]] as const)),
  ]);
}

type Averages = Readonly<Record<string, MeterState>>;

type Form = readonly [priority: number, round: number | null];

/** The order of fairseq's meters in a log line, and the number of decimals. */
const METERS: Readonly<Record<string, Form>> = {
  loss: [10, 3],
  nll_loss: [10, 3],
  wpb: [180, 1],
  bsz: [190, 1],
  gnorm: [400, 3],
  clip: [500, 1],
};

/** The form of a criterion's own metrics. */
const CRITERION_METRIC: Form = [10, null];

/** The stopwatch of a run, which fairseq requires to resume within an epoch. */
const WALL = new PythonTuple([
  790,
  'wall',
  'StopwatchMeter',
  new Map([
    ['sum', 0],
    ['n', 0],
    ['round', 0],
  ]),
]);

/** fairseq's meters in its order: its own before those of a criterion. */
const inOrder = (averages: Averages): [string, MeterState][] =>
  Object.entries(averages).sort(([a], [b]) => Number(b in METERS) - Number(a in METERS));

function metrics(meters: MeterStates | null): OrderedDict {
  const dict = new OrderedDict([['default', [WALL]]]);
  for (const [group, averages] of Object.entries<Averages>({ ...meters })) {
    dict.set(
      group,
      inOrder(averages).map(([name, [value, sum, count]]) => {
        const [priority, round] = METERS[name] ?? CRITERION_METRIC;
        const state = new Map<PythonValue, PythonValue>([
          ['val', pythonFloat(value ?? 0)],
          ['sum', pythonFloat(sum)],
          ['count', count],
          ['round', round],
        ]);
        return new PythonTuple([priority, name, 'AverageMeter', state]);
      }),
    );
  }
  return dict;
}
