import type { OptionValues } from '../../options/schema.js';
import type { CheckpointMetadata } from '../metadata.js';
import type { NamedTensor } from '../safetensors-header.js';
import { isScheduleState } from '../training-state.js';
import { numberOf, type PythonDict, PythonTuple, type PythonValue, pythonFloat } from './python-values.js';

type Values = Readonly<Record<string, PythonValue>>;

const float = (value: unknown): PythonValue => (typeof value === 'number' ? pythonFloat(value) : null);
const floats = (value: unknown): PythonTuple => new PythonTuple((Array.isArray(value) ? value : []).map(float));

/** Settings that PyTorch adds to the groups of its own optimizers. */
const TORCH: Values = { maximize: false, foreach: null, differentiable: false };

/** The settings of fairseq's optimizers in their state. fairseq resumes with these. */
const SETTINGS: Readonly<Record<string, (options: OptionValues) => Values>> = {
  adam: ({ adamBetas, adamEps, weightDecay }) => ({
    betas: floats(adamBetas),
    eps: float(adamEps),
    weight_decay: float(weightDecay),
    amsgrad: false,
  }),
  sgd: ({ momentum, weightDecay }) => ({
    momentum: float(momentum),
    dampening: 0,
    weight_decay: float(weightDecay),
    nesterov: false,
    ...TORCH,
    fused: null,
  }),
  nag: ({ momentum, weightDecay }) => ({ momentum: float(momentum), weight_decay: float(weightDecay) }),
  adagrad: ({ weightDecay }) => ({
    lr_decay: 0,
    eps: 1e-10,
    weight_decay: float(weightDecay),
    initial_accumulator_value: 0,
    ...TORCH,
    fused: null,
  }),
  adadelta: ({ adadeltaRho, adadeltaEps, weightDecay }) => ({
    rho: float(adadeltaRho),
    eps: float(adadeltaEps),
    weight_decay: float(weightDecay),
    ...TORCH,
    capturable: false,
  }),
  adamax: ({ adamaxBetas, adamaxEps, weightDecay, noBiasCorrection }) => ({
    betas: floats(adamaxBetas),
    eps: float(adamaxEps),
    weight_decay: float(weightDecay),
    bias_correction: noBiasCorrection !== true,
  }),
  adafactor: (options) => ({
    eps: floats(options.adafactorEps),
    clip_threshold: float(options.clipThreshold),
    decay_rate: float(options.decayRate),
    beta1: float(options.beta1),
    weight_decay: float(options.weightDecay),
    scale_parameter: options.scaleParameter === true,
    relative_step: options.relativeStep === true,
    warmup_init: options.warmupInit === true,
  }),
  lamb: ({ lambBetas, lambEps, weightDecay }) => ({
    bias_correction: true,
    betas: floats(lambBetas),
    eps: float(lambEps),
    weight_decay: float(weightDecay),
    grad_averaging: true,
    max_grad_norm: pythonFloat(1),
  }),
};

/**
 * The parameter group in the state of a PyTorch optimizer.
 * @param tensors our state; PyTorch keeps some of it as settings of the group: NAG's `lr_old`
 * @param count the number of parameters
 */
export function parameterGroup(
  { options, training }: CheckpointMetadata,
  tensors: ReadonlyMap<string, NamedTensor>,
  count: number,
): PythonDict {
  const rates = Array.isArray(options.lr) ? (options.lr as unknown[]) : [];
  const rate = isScheduleState(training?.lrScheduler) ? training.lrScheduler.rate : undefined;
  const settings = SETTINGS[String(options.optimizer)] ?? SETTINGS.adam!;
  const own = [...tensors].filter(([name]) => isSetting(name)).map(([name, { data }]) => [name, float(data[0])]);
  return new Map<string, PythonValue>([
    ['lr', float(rate ?? rates[rates.length - 1] ?? 0)],
    ...Object.entries(settings(options)),
    ...(own as [string, PythonValue][]),
    ['params', Array.from({ length: count }, (_, index) => index)],
  ]);
}

/** Whether a tensor of our state belongs to no single parameter. */
const isSetting = (name: string): boolean => name !== 'step' && !name.includes('.');

/** The settings of a group that are tensors in our state. */
export function settingTensors(group: PythonDict): (readonly [string, NamedTensor])[] {
  const value = numberOf(group.get('lr_old'));
  return value === null ? [] : [['lr_old', { dtype: 'F64', shape: [], data: Float64Array.of(value) }]];
}
