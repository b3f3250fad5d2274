import { beforeEach, describe, expect, it } from 'vitest';
import { loadNative, type Parameter, type Signature, signaturesOf } from '../src/addon.js';
import { sizeFields, type TransformerSizes, weightSizes } from '../src/transformer-sizes.js';
import { addonFunctions } from './addon-types.js';

const native = loadNative(process.env.TFJS_ONEDNN_BUILD ?? (loadNative('baseline').bestBuild!() as string));
const signatures = signaturesOf(native);

type Values = Readonly<Record<string, unknown>>;

const STACK = {
  ...{ vocab: 5, positions: 8, layers: 1, heads: 2, inner: 4, scale: 1 },
  ...{ normalizeBefore: true, normalizeEmbedding: true, finalNorm: true },
};
const SIZES: TransformerSizes = { embed: 4, encoder: STACK, decoder: STACK };
const WEIGHTS = weightSizes(SIZES, 45).map(({ length }) => new Float32Array(length).fill(0.1));
const [SENTENCES, BEAM] = [2, 2];
const ROWS = SENTENCES * BEAM; // of hypotheses

/** Numbers that are not 2, by the name of their parameter. */
const NUMBERS: Readonly<Record<string, number>> = {
  ...{
    sourceOffset: 0,
    targetOffset: 0,
    functionCount: 1,
    k: 1,
    width: 1,
    probability: 0.5,
    longestKey: 4,
    bytes: 256,
  },
  ...{ threads: 1, precision: 0, skip: -1, position: 0, temperature: 1 },
};

/** Arguments that depend on more than their name. The search is open: a model and a decoding that has made a step. */
const special = (open: {
  readonly transformer: number;
  readonly decoding: number;
}): Readonly<Record<string, Values>> => ({
  classifierStatistics: { kept: [new Float32Array(2 * (2 + 2 + 1))] }, // rows · (classes + 2 + functions)
  classifierStatisticsGrad: { kept: [new Float32Array(2 * (2 + 2 + 1))] },
  transpose: { sizes: [2, 3], permutation: [1, 0] },
  openTransformer: { sizes: sizeFields(SIZES), weights: (index: number) => WEIGHTS[index]!, count: WEIGHTS.length },
  closeTransformer: { transformer: open.transformer },
  openDecoding: { transformer: open.transformer, sentences: SENTENCES, beam: BEAM },
  closeDecoding: { decoding: open.decoding },
  selectRows: { decoding: open.decoding, count: ROWS },
  decodingStep: { decoding: open.decoding, rows: ROWS, embed: SIZES.embed },
  decodingTop: { decoding: open.decoding, rows: ROWS, classes: STACK.vocab },
  releaseBlock: { block: native.newBlock!(64) },
  guardPiece: { block: native.newBlock!(64), offset: 0, bytes: 64, permitted: true },
});

/** A call that the signature allows, of small sizes. */
function rightArguments({ parameters }: Signature, given: Values): unknown[] {
  const values: Record<string, unknown> = {};
  const sizeOf = (axis: string): number => {
    const [parameter = '', plus = '0'] = axis.split('+');
    const value = /^\d+$/.test(axis) ? Number(axis) : values[parameter];
    return (
      (Array.isArray(value) ? value.reduce((product, size) => product * size, 1) : (value as number)) + Number(plus)
    );
  };
  const length = (shape: readonly string[]): number => shape.map(sizeOf).reduce((product, size) => product * size, 1);
  for (const { name, type } of parameters) {
    if (type === 'number') values[name] = NUMBERS[name] ?? 2;
    if (type === 'boolean') values[name] = false;
  }
  Object.assign(values, given);
  for (const parameter of parameters) values[parameter.name] ??= arrayOf(parameter, length);
  return parameters.map((parameter) => values[parameter.name]);
}

function arrayOf({ name, type, shape, count }: Parameter, length: (shape: readonly string[]) => number): unknown {
  if (type === 'readonly Float32Array[]') {
    return Array.from({ length: length(count) % 3 }, () => new Float32Array(length(shape)));
  }
  const size = length(shape);
  if (/starts/i.test(name)) return Int32Array.from({ length: size }, (_, index) => index);
  const Values = { Int32Array: Int32Array, Float64Array: Float64Array }[type] ?? Float32Array;
  return new Values(size);
}

it('the TypeScript types of the functions are those of the signatures', async () => {
  // Only builds with AddressSanitizer have guardPiece; src/addon.ts declares it.
  const everywhere = signatures.filter(({ name }) => name !== 'guardPiece');
  await expect(addonFunctions(everywhere)).toMatchFileSnapshot('../src/addon-functions.ts');
});

/** Values of another type than a parameter's. */
const OTHER_TYPES: readonly unknown[] = [
  ...[
    undefined,
    'text',
    2n,
    Symbol.iterator,
    {},
    new ArrayBuffer(8),
    new Uint8Array(64),
    new DataView(new ArrayBuffer(64)),
  ],
  ...[null, true, 2, [], [1], [null], new Float32Array(64), new Int32Array(64), new Float64Array(64), () => 1],
];

function hasType({ type, nullable }: Parameter, value: unknown): boolean {
  if (value === null) return nullable;
  if (type === 'number' || type === 'boolean') return typeof value === type;
  if (type === 'readonly number[]') return Array.isArray(value) && value.every((number) => typeof number === 'number');
  if (type === 'readonly Float32Array[]') {
    return Array.isArray(value) && value.every((array) => array instanceof Float32Array);
  }
  if (type.startsWith('(')) return typeof value === 'function';
  const name = Object.getPrototypeOf(Object(value)).constructor.name as string;
  return type.split(' | ').includes(name);
}

const UNUSUAL_NUMBERS = [-1, 0, 1, 3, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, -(2 ** 53), 1e300, 0.5];
const UNUSUAL_INDICES = [-1, -(2 ** 31), 2 ** 31 - 1, 1000];

/** Inputs whose elements are rows, classes or places in an array. */
const INDICES = new Set(['ids', 'positions', 'starts', 'queryStarts', 'keyStarts', 'targets', 'tokens']);

/** Arrays of other lengths than this one. */
function otherLengths(array: Float32Array | Int32Array | Float64Array): unknown[] {
  const Values = array.constructor as new (length: number) => typeof array;
  return [array.subarray(1), new Values(0), new Values(array.length + 1)].filter(
    ({ length }) => length !== array.length,
  );
}

describe.each(signatures.filter(({ parameters }) => parameters.length > 0))(
  'the native function $name',
  (signature) => {
    const { name, parameters } = signature;
    const call = native[name]!;
    let args: unknown[] = [];

    beforeEach(() => {
      const weights = (index: number) => WEIGHTS[index]!;
      const transformer = native.openTransformer!(sizeFields(SIZES), 1, 1, weights, WEIGHTS.length, 0) as number;
      const starts = Int32Array.of(0, 1, 2);
      const source = new Int32Array(2);
      const decoding = native.openDecoding!(transformer, source, source, starts, 2, SENTENCES, BEAM) as number;
      native.decodingStep!(decoding, new Int32Array(ROWS), 0, null, ROWS, SIZES.embed);
      args = rightArguments(signature, special({ transformer, decoding })[name] ?? {});
    });

    const calledWith = (index: number, value: unknown): unknown => call(...args.with(index, value));

    it('accepts a correct call', () => {
      expect(() => call(...args)).not.toThrow();
    });

    it('rejects another number of arguments', () => {
      expect(() => call()).toThrow(`${name}: takes ${parameters.length} arguments, not 0`);
      expect(() => call(...args, 1)).toThrow(`not ${parameters.length + 1}`);
    });

    it.each(parameters.map((parameter, index) => [parameter.name, parameter, index] as const))(
      'rejects a value of another type for %s',
      (parameterName, parameter, index) => {
        for (const value of OTHER_TYPES.filter((other) => !hasType(parameter, other))) {
          expect(() => calledWith(index, value)).toThrow(new RegExp(`^${name}: ${parameterName}\\b.* must be `));
        }
      },
    );

    const arrays = parameters.flatMap((parameter, index) =>
      parameter.shape.length > 0 || parameter.count.length > 0 ? [[parameter.name, index] as const] : [],
    );
    it.each(arrays)('rejects another length of %s', (parameterName, index) => {
      const right = args[index];
      const message = new RegExp(
        `^${name}: ${parameterName}(\\[0\\])? has \\d+ (elements|arrays), expected \\d+ \\(.+\\)$`,
      );
      const others = Array.isArray(right)
        ? [[], [...right, right[0]], ...(right[0] instanceof Float32Array ? [otherLengths(right[0]).slice(0, 1)] : [])]
        : otherLengths(right as Float32Array);
      for (const value of others) expect(() => calledWith(index, value)).toThrow(message);
    });

    const numbers = parameters.flatMap((parameter, index) =>
      parameter.type === 'number' ? [[parameter.name, parameter, index] as const] : [],
    );
    it.each(numbers)('survives unusual numbers for %s', (parameterName, { range }, index) => {
      const isSize = arrays.some(([, array]) => JSON.stringify(parameters[array]).includes(`"${parameterName}`));
      for (const value of [...UNUSUAL_NUMBERS, Number.NaN, Number.POSITIVE_INFINITY]) {
        const attempt = (): unknown => calledWith(index, value);
        const mustThrow = isSize ? value !== args[index] : range !== '' && !(value >= 0 && value < Infinity);
        if (mustThrow) expect(attempt, `${parameterName} ${value}`).toThrow(`${name}: `);
        else throwsOrNot(attempt);
      }
    });

    const integers = parameters.flatMap((parameter, index) =>
      parameter.type === 'Int32Array' ? [[parameter.name, index] as const] : [],
    );
    it.each(integers)('survives unusual elements of %s', (parameterName, index) => {
      const isIndex =
        INDICES.has(parameterName) || (parameterName === 'indices' && name === 'gather') || name === 'selectRows';
      for (const element of UNUSUAL_INDICES) {
        const attempt = (): unknown =>
          calledWith(
            index,
            (args[index] as Int32Array).map(() => element),
          );
        const isSkipped = name === 'scatterAdd' && element < 0;
        if (isIndex && !isSkipped) expect(attempt, `${parameterName} ${element}`).toThrow(`${name}: `);
        else throwsOrNot(attempt);
      }
    });
  },
);

/** For calls whose only requirement is that the process survives. */
function throwsOrNot(attempt: () => unknown): void {
  try {
    attempt();
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
  }
}
