import * as tf from '@tensorflow/tfjs';
import * as backendPackage from 'tfjs-backend-onednn';
import {
  accumulate,
  adamStep,
  addTensor,
  collectGradients,
  configure,
  discard,
  registerOneDnnBackend,
  scale,
  setThreads,
  settingsOf,
  squaredNorm,
  useSettings,
} from 'tfjs-backend-onednn';
import { beforeAll, describe, expect, it } from 'vitest';
import { nativeKernels } from '../src/kernels/index.js';

registerOneDnnBackend();
beforeAll(() => tf.setBackend('onednn'));

const floats = (...shape: number[]): tf.Tensor => tf.fill(shape, 0.5);
const integers = (...values: number[]): tf.Tensor => tf.tensor1d(values, 'int32');

const NO_DROPOUT = {
  ...{ dropoutProbability: 0, dropoutSeed: 0, dropoutUpdate: 0, dropoutMicroBatch: 0, dropoutSite: 0 },
};

type Inputs = Readonly<Record<string, tf.Tensor>>;
type Attributes = Readonly<Record<string, unknown>>;

/** The change that makes a correct call wrong, and the error message. */
type BadCall = readonly [message: string, change: { readonly inputs?: () => Inputs; readonly attrs?: Attributes }];

interface KernelCalls {
  readonly inputs: () => Inputs;
  readonly attrs?: Attributes;
  readonly bad: readonly BadCall[];
}

const input = (name: string, tensor: () => tf.Tensor) => ({ inputs: () => ({ [name]: tensor() }) });

const BAD_DROPOUT: readonly BadCall[] = [1, 1.5, -0.1, Number.NaN].map((dropoutProbability) => [
  `dropoutProbability must be in [0, 1), not ${dropoutProbability}`,
  { attrs: { dropoutProbability } },
]);

const badStarts = (name: string): readonly BadCall[] =>
  [[0, 400_000], [-3, 4], [0, 4, 2, 4], [1, 4], [0, 3], []].map((starts) => [
    starts.length === 2 || name === 'starts' ? `${name} must rise from 0 to the 4 rows` : 'has shape',
    input(name, () => integers(...starts)),
  ]);

const BAD_ATTENTION: readonly BadCall[] = [
  ['heads must be a whole number ≥ 1, not 0', { attrs: { heads: 0 } }],
  ['heads must be a whole number ≥ 1, not 1.5', { attrs: { heads: 1.5 } }],
  ['heads must be a divisor of the width 8, not 3', { attrs: { heads: 3 } }],
  ['longestKey must be a whole number ≥ 4, not 3', { attrs: { longestKey: 3 } }],
  ['longestKey must be a whole number ≥ 4, not NaN', { attrs: { longestKey: Number.NaN } }],
  ['keyPadding has shape [3], expected [4]', input('keyPadding', () => integers(0, 0, 0))],
  ['keyPadding must be int32, not float32', input('keyPadding', () => floats(4))],
  ...BAD_DROPOUT,
];

const BAD_SELF: readonly BadCall[] = [
  ...BAD_ATTENTION,
  ...badStarts('starts'),
  ['starts must be int32, not float32', input('starts', () => tf.tensor1d([0, 4]))],
  ['must be a divisor of the width', { ...input('queryKeyValue', () => floats(4, 30)), attrs: { heads: 4 } }],
  ['queryKeyValue has shape [96], expected two axes', input('queryKeyValue', () => floats(96))],
];

const BAD_CROSS: readonly BadCall[] = [
  ...BAD_ATTENTION,
  ...badStarts('queryStarts'),
  ...badStarts('keyStarts'),
  ['keyStarts has shape [3], expected [2]', input('keyStarts', () => integers(0, 2, 4))],
  ['keyValue has shape [4, 8], expected [4, 16]', input('keyValue', () => floats(4, 8))],
  ['query has shape [32], expected two axes', input('query', () => floats(32))],
];

const BAD_ATTENTION_GRADIENT: readonly BadCall[] = [
  ['context has shape [3, 8], expected [4, 8]', input('context', () => floats(3, 8))],
  ['logSumExp has shape [4], expected [8]', input('logSumExp', () => floats(4))],
  ['dy has shape [4, 4], expected [4, 8]', input('dy', () => floats(4, 4))],
];

const selfInputs = (): Inputs => ({
  ...{ queryKeyValue: floats(4, 24), starts: integers(0, 4), keyPadding: integers(0, 0, 0, 0) },
});
const crossInputs = (): Inputs => ({
  ...{ query: floats(4, 8), queryStarts: integers(0, 4), keyValue: floats(4, 16), keyStarts: integers(0, 4) },
  keyPadding: integers(0, 0, 0, 0),
});
const attentionOutputs = (): Inputs => ({ context: floats(4, 8), logSumExp: floats(8), dy: floats(4, 8) });
const ATTENTION = { heads: 2, causal: false, longestKey: 4, ...NO_DROPOUT };

const normInputs = (): Inputs => ({ x: floats(6, 8), gain: floats(8), bias: floats(8) });
const normOutputs = (): Inputs => ({ mean: floats(6), rstd: floats(6), dy: floats(6, 8) });
const BAD_NORM: readonly BadCall[] = [
  ['gain has shape [7], expected [8]', input('gain', () => floats(7))],
  ['bias has shape [1], expected [8]', input('bias', () => floats(1))],
];
const BAD_NORM_GRADIENT: readonly BadCall[] = [
  ['mean has shape [1], expected [6]', input('mean', () => floats(1))],
  ['rstd has shape [5], expected [6]', input('rstd', () => floats(5))],
  ['dy has shape [6, 7], expected [6, 8]', input('dy', () => floats(6, 7))],
];
const BAD_RESIDUAL: BadCall = ['residual has shape [5, 8], expected [6, 8]', input('residual', () => floats(5, 8))];

const layerInputs = (): Inputs => ({ x: floats(4, 8), weight: floats(16, 8), bias: floats(16) });
const BAD_LAYER: readonly BadCall[] = [
  ['weight has shape [16, 800], expected [16, 8]', input('weight', () => floats(16, 800))],
  ['weight has shape [128], expected two axes', input('weight', () => floats(128))],
  ['bias has shape [15], expected [16]', input('bias', () => floats(15))],
];
const BAD_LAYER_GRADIENT: readonly BadCall[] = [
  ...BAD_LAYER,
  ['dy has shape [3, 16], expected [4, 16]', input('dy', () => floats(3, 16))],
];

const embeddingInputs = (): Inputs => ({
  ...{ ids: integers(0, 1, 3), weight: floats(4, 2), positions: integers(0, 1, 2), positionTable: floats(3, 2) },
});
const EMBEDDING = { scale: 1, padIndex: 1, trainPositions: true };
const BAD_EMBEDDING: readonly BadCall[] = [
  ['ids must be int32, not float32', input('ids', () => floats(3))],
  ['positions must be int32, not float32', input('positions', () => floats(3))],
  ['token id 4 at index 2 is not in [0, 4)', input('ids', () => integers(0, 1, 4))],
  ['token id -1 at index 0 is not in [0, 4)', input('ids', () => integers(-1, 1, 3))],
  ['position 3 at index 1 is not in [0, 3)', input('positions', () => integers(0, 3, 0))],
  ['position -7 at index 0 is not in [0, 3)', input('positions', () => integers(-7, 0, 0))],
  ['positions has shape [2], expected [3]', input('positions', () => integers(0, 1))],
  ['positionTable has shape [3, 1], expected [3, 2]', input('positionTable', () => floats(3, 1))],
  ['weight has shape [8], expected two axes', input('weight', () => floats(8))],
];

const statisticsInputs = (): Inputs => ({ features: floats(3, 8), weights: floats(5, 8), targets: integers(0, 4, 2) });
const POWER = { family: 'power', exponent: 2, start: 0, abrupt: 0 };
const BAD_STATISTICS: readonly BadCall[] = [
  ['target 5 at index 1 is not in [0, 5)', input('targets', () => integers(0, 5, 2))],
  ['target -1 at index 0 is not in [0, 5)', input('targets', () => integers(-1, 4, 2))],
  ['targets must be int32, not float32', input('targets', () => floats(3))],
  ['targets has shape [2], expected [3]', input('targets', () => integers(0, 1))],
  ['weights has shape [5, 80], expected [5, 8]', input('weights', () => floats(5, 80))],
  ['features has shape [24], expected two axes', input('features', () => floats(24))],
  ["unknown family of class functions 'typo'", { attrs: { sums: [{ family: 'typo' }] } }],
];

const pair = (): Inputs => ({ a: floats(2, 3), b: floats(3) });
const BAD_PAIR: readonly BadCall[] = [['Operands could not be broadcast together', input('b', () => floats(2))]];
const comparison: KernelCalls = { inputs: pair, bad: BAD_PAIR };

const product = (): Inputs => ({ a: floats(2, 3), b: floats(3, 4) });
const PRODUCT = { transposeA: false, transposeB: false };
const BAD_PRODUCT: readonly BadCall[] = [
  ['inner shapes (3) and (2)', input('b', () => floats(2, 4))],
  ['inner shapes (2) and (3)', { attrs: { transposeA: true } }],
  ['Operands could not be broadcast together', { inputs: () => ({ a: floats(2, 2, 3), b: floats(3, 3, 4) }) }],
];

/** A correct call of every kernel, and wrong ones. */
const KERNELS: Readonly<Record<string, KernelCalls>> = {
  FusedSelfAttention: { inputs: selfInputs, attrs: ATTENTION, bad: BAD_SELF },
  FusedSelfAttentionGrad: {
    inputs: () => ({ ...selfInputs(), ...attentionOutputs() }),
    attrs: ATTENTION,
    bad: [...BAD_SELF, ...BAD_ATTENTION_GRADIENT],
  },
  FusedCrossAttention: { inputs: crossInputs, attrs: ATTENTION, bad: BAD_CROSS },
  FusedCrossAttentionGrad: {
    inputs: () => ({ ...crossInputs(), ...attentionOutputs() }),
    attrs: ATTENTION,
    bad: [...BAD_CROSS, ...BAD_ATTENTION_GRADIENT],
  },
  FusedLayerNorm: { inputs: normInputs, attrs: { epsilon: 1e-5 }, bad: BAD_NORM },
  FusedLayerNormGrad: {
    inputs: () => ({ ...normInputs(), ...normOutputs() }),
    attrs: { epsilon: 1e-5 },
    bad: [...BAD_NORM, ...BAD_NORM_GRADIENT],
  },
  FusedDropoutAddLayerNorm: {
    inputs: () => ({ ...normInputs(), residual: floats(6, 8) }),
    attrs: { epsilon: 1e-5, takesOver: false, ...NO_DROPOUT },
    bad: [...BAD_NORM, BAD_RESIDUAL, ...BAD_DROPOUT],
  },
  FusedDropoutAddLayerNormGrad: {
    inputs: () => ({ ...normInputs(), ...normOutputs(), residual: floats(6, 8) }),
    attrs: { epsilon: 1e-5, takesOver: false, ...NO_DROPOUT },
    bad: [...BAD_NORM, ...BAD_NORM_GRADIENT, BAD_RESIDUAL, ...BAD_DROPOUT],
  },
  FusedLinear: { inputs: layerInputs, bad: BAD_LAYER },
  FusedLinearRelu: { inputs: layerInputs, bad: BAD_LAYER },
  FusedLinearGrad: { inputs: () => ({ ...layerInputs(), dy: floats(4, 16) }), bad: BAD_LAYER_GRADIENT },
  FusedLinearReluGrad: {
    inputs: () => ({ ...layerInputs(), y: floats(4, 16), dy: floats(4, 16) }),
    bad: [...BAD_LAYER_GRADIENT, ['y has shape [1, 16], expected [4, 16]', input('y', () => floats(1, 16))]],
  },
  FusedDropout: { inputs: () => ({ x: floats(4, 8) }), attrs: NO_DROPOUT, bad: BAD_DROPOUT },
  FusedDropoutGrad: { inputs: () => ({ dy: floats(4, 8) }), attrs: NO_DROPOUT, bad: BAD_DROPOUT },
  FusedDropoutAdd: {
    inputs: () => ({ x: floats(6, 8), residual: floats(6, 8) }),
    attrs: NO_DROPOUT,
    bad: [...BAD_DROPOUT, BAD_RESIDUAL],
  },
  FusedDropoutAddGrad: { inputs: () => ({ dy: floats(4, 8) }), attrs: NO_DROPOUT, bad: BAD_DROPOUT },
  FusedEmbedding: { inputs: embeddingInputs, attrs: EMBEDDING, bad: BAD_EMBEDDING },
  FusedEmbeddingGrad: {
    inputs: () => ({ ...embeddingInputs(), dy: floats(3, 2) }),
    attrs: EMBEDDING,
    bad: [...BAD_EMBEDDING, ['dy has shape [2, 2], expected [3, 2]', input('dy', () => floats(2, 2))]],
  },
  ClassifierStatistics: { inputs: statisticsInputs, attrs: { sums: [POWER] }, bad: BAD_STATISTICS },
  ClassifierStatisticsGrad: {
    inputs: () => ({
      ...{ ...statisticsInputs(), dTargetLogProb: floats(3), dMeanLogProb: floats(3), dSum0: floats(3) },
    }),
    attrs: { sums: [POWER] },
    bad: [
      ...BAD_STATISTICS,
      ['dTargetLogProb has shape [2], expected [3]', input('dTargetLogProb', () => floats(2))],
      ['dMeanLogProb has shape [], expected [3]', input('dMeanLogProb', () => tf.scalar(1))],
      ['dSum0 has shape [4], expected [3]', input('dSum0', () => floats(4))],
      ['dSum1 is missing', { attrs: { sums: [POWER, POWER] } }],
    ],
  },
  GatherV2: {
    inputs: () => ({ x: floats(4, 2), indices: integers(0, 3) }),
    attrs: { axis: 0, batchDims: 0 },
    bad: [
      ['the index value 4 is not in [0, 3]', input('indices', () => integers(0, 4))],
      ['the index value -1 is not in [0, 3]', input('indices', () => integers(-1))],
      ['indices must be int32, not float32', input('indices', () => floats(2))],
      ['must be in range [-2, 2) but got axis 2', { attrs: { axis: 2 } }],
      ['batchDims in the range of [-1, 1], but got 3', { attrs: { batchDims: 3 } }],
    ],
  },
  UnsortedSegmentSum: {
    inputs: () => ({ x: floats(4, 2), segmentIds: integers(0, 1, 1, 2) }),
    attrs: { numSegments: 3 },
    bad: [
      ['row id 3 at index 2 is not in [0, 3)', input('segmentIds', () => integers(0, 1, 3, 2))],
      ['x has shape [4, 2], expected [400, 2]', input('segmentIds', () => tf.zeros([400], 'int32'))],
      ['segmentIds must be int32, not float32', input('segmentIds', () => floats(4))],
      ['numSegments must be a whole number ≥ 0, not -1', { attrs: { numSegments: -1 } }],
      ['numSegments must be a whole number ≥ 0, not 2.5', { attrs: { numSegments: 2.5 } }],
    ],
  },
  TopK: {
    inputs: () => ({ x: floats(2, 5) }),
    attrs: { k: 2, sorted: true },
    bad: [6, -1, 1.5, Number.NaN].map((k) => [`k must be a whole number from 0 to 5, not ${k}`, { attrs: { k } }]),
  },
  Transpose: {
    inputs: () => ({ x: floats(2, 3, 4) }),
    attrs: { perm: [2, 0, 1] },
    bad: [
      [0, 1, 3],
      [0, 0, 1],
      [0, 1],
      [-1, 0, 1],
      [0, 1, 2, 2],
    ].map((perm) => [`perm [${perm.join(', ')}] does not name the 3 axes once each`, { attrs: { perm } }]),
  },
  Slice: {
    inputs: () => ({ x: floats(4, 6) }),
    attrs: { begin: [1, 0], size: [2, 6] },
    bad: [
      ['begin must be a whole number ≥ 0, not -400', { attrs: { begin: [-400, 0] } }],
      ['slice() does not support negative begin indexing', { attrs: { begin: [0, -1], size: [4, 2] } }],
      ['begin must be a whole number ≥ 0, not 0.5', { attrs: { begin: [0.5, 0] } }],
      ['would overflow input.shape[0] (4)', { attrs: { begin: [3, 0] } }],
      ['Negative size values should be exactly -1', { attrs: { size: [-2, 6] } }],
    ],
  },
  SplitV: {
    inputs: () => ({ x: floats(4, 6) }),
    attrs: { numOrSizeSplits: [2, 4], axis: 1 },
    bad: [
      ['size must be a whole number from 0 to 6, not 800', { attrs: { numOrSizeSplits: [800, -794] } }],
      ['size must be a whole number from 0 to 6, not -3', { attrs: { numOrSizeSplits: [-3, 9] } }],
      ['The sum of sizes must match', { attrs: { numOrSizeSplits: [2, 5] } }],
      ['must evenly divide the axis', { attrs: { numOrSizeSplits: 5 } }],
      ['must be in range [-2, 2) but got axis 2', { attrs: { axis: 2 } }],
    ],
  },
  Concat: {
    inputs: () => ({ 0: floats(2, 3), 1: floats(2, 4) }),
    attrs: { axis: 1 },
    bad: [
      ['does not match the shape of the rest', input('1', () => floats(3, 4))],
      ['must be in range [-2, 2) but got axis 2', { attrs: { axis: 2 } }],
    ],
  },
  Sum: {
    inputs: () => ({ x: floats(2, 3) }),
    attrs: { axis: [1], keepDims: false },
    bad: [
      ['must be in range [-2, 2) but got axis 2', { attrs: { axis: [2] } }],
      ['must be integers but got axis 0.5', { attrs: { axis: [0.5] } }],
    ],
  },
  Softmax: {
    inputs: () => ({ logits: floats(2, 3) }),
    attrs: { dim: 1 },
    bad: [['Softmax along a non-last dimension', { attrs: { dim: 2 } }]],
  },
  LogSoftmax: {
    inputs: () => ({ logits: floats(2, 3) }),
    attrs: { axis: 1 },
    bad: [['LogSoftmax is not computed for these', { attrs: { axis: 2 } }]],
  },
  Greater: comparison,
  GreaterEqual: comparison,
  Add: comparison,
  Sub: comparison,
  Multiply: comparison,
  RealDiv: comparison,
  BatchMatMul: { inputs: product, attrs: PRODUCT, bad: BAD_PRODUCT },
  _FusedMatMul: { inputs: product, attrs: PRODUCT, bad: BAD_PRODUCT },
};

describe.each(Object.entries(KERNELS))('the kernel %s', (name, { inputs, attrs = {}, bad }) => {
  const run = (call: { readonly inputs?: () => Inputs; readonly attrs?: Attributes }): void => {
    tf.tidy(() => {
      const tensors = { ...inputs(), ...call.inputs?.() };
      tf.engine().runKernel(name, tensors, { ...attrs, ...call.attrs } as Parameters<
        ReturnType<typeof tf.engine>['runKernel']
      >[2]);
    });
  };

  it('accepts a correct call', () => {
    expect(() => run({})).not.toThrow();
  });

  it.each(bad)('rejects a wrong call: %s %o', (message, change) => {
    expect(() => run(change)).toThrow(message);
    expect(() => run({})).not.toThrow();
  });
});

it('the table of wrong calls contains every kernel', () => {
  expect(Object.keys(KERNELS).sort()).toEqual(nativeKernels.map(({ kernelName }) => kernelName).sort());
});

const two = (): Float32Array => new Float32Array(2);
const three = (): Float32Array => new Float32Array(3);
const SCALARS = { beta1: 0.9, beta2: 0.98, epsilon: 1e-8, stepSize: 0.1, decay: 0 };
const wrong = <T>(value: unknown): T => value as T; // a value from a caller without types

/** Wrong calls of every function with arguments. */
const FUNCTIONS: Readonly<Record<string, readonly (readonly [message: string, call: () => unknown])[]>> = {
  squaredNorm: [
    ['Float32Array', () => squaredNorm(wrong(new Float64Array(2)))],
    ['Float32Array', () => squaredNorm(wrong(null))],
  ],
  scale: [
    ['Float32Array', () => scale(wrong(new Int32Array(2)), 1)],
    ['number', () => scale(two(), wrong('x'))],
  ],
  accumulate: [
    ['different lengths: 2, 3', () => accumulate(two(), three())],
    ['Float32Array', () => accumulate(two(), wrong(new Float64Array(2)))],
  ],
  adamStep: [
    ['different lengths: 2, 2, 3, 2', () => adamStep(two(), two(), three(), two(), SCALARS)],
    ['number', () => adamStep(two(), two(), two(), two(), wrong({ ...SCALARS, decay: undefined }))],
  ],
  addTensor: [
    ['the gradient of a tensor [3] has 2 elements, expected 3', () => tf.tidy(() => addTensor(two(), floats(3)))],
  ],
  collectGradients: [
    [
      'the gradient of a tensor [2, 2] has 3 elements, expected 4',
      () => tf.tidy(() => collectGradients([{ tensor: floats(2, 2), gradient: three() }], () => {})),
    ],
  ],
  discard: [
    ['Float32Array', () => discard(wrong(new Float64Array(2)))],
    ['Float32Array', () => discard(wrong(null))],
  ],
  setThreads: [0, -1, 1.5, Number.NaN, 1025, 1e9].map((threads) => [
    `threads must be a whole number from 1 to 1024, not ${threads}`,
    () => setThreads(threads),
  ]),
  settingsOf: [
    ['threads must be a whole number from 1 to 1024, not -2', () => settingsOf({ threads: -2 })],
    ['bfloat16 must be a boolean, not 1', () => settingsOf({ bfloat16: wrong(1) })],
  ],
  useSettings: [
    [
      'threads must be a whole number from 1 to 1024, not 1000000',
      () => useSettings({ threads: 1e6, bfloat16: false }),
    ],
    ['bfloat16 must be a boolean, not null', () => useSettings({ threads: 1, bfloat16: wrong(null) })],
  ],
  configure: [
    ['threads must be a whole number from 1 to 1024, not 5000', () => configure({ threads: 5000 })],
    ['boolean', () => configure({ bfloat16: wrong('yes') })],
  ],
  registerOneDnnBackend: [['threads must be a whole number', () => registerOneDnnBackend({ threads: 0 })]],
};

describe.each(Object.entries(FUNCTIONS))('%s', (_, calls) => {
  it.each(calls)('rejects a wrong call: %s %s', (message, call) => {
    expect(call).toThrow(message);
  });
});

it('the tables of wrong calls contain every function with arguments', () => {
  const functions = Object.entries(backendPackage).filter(([, value]) => typeof value === 'function');
  const taking = functions.filter(([, call]) => call.length > 0 || /^registerOneDnnBackend/.test(call.name));
  // packed-transformer-arguments.test.ts covers the result of packTransformer.
  expect(taking.map(([name]) => name).sort()).toEqual([...Object.keys(FUNCTIONS), 'packTransformer'].sort());
});
