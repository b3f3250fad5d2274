import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  OrderedDict,
  type PythonDict,
  PythonFloat,
  PythonObject,
  PythonTuple,
  type PythonValue,
  TensorReference,
} from '../../../src/checkpoint/fairseq/python-values.js';
import { withTorchFile } from '../../../src/checkpoint/fairseq/torch-file.js';
import { golden } from './golden.js';

const files = ['torch-protocol2', 'torch-protocol3', 'torch-protocol4', 'torch-protocol5', 'torch-legacy'];
const expected = JSON.parse(readFileSync(golden('torch.json'), 'utf8')) as Record<string, [number[], string[]]>;

const plain: Record<string, PythonValue> = {
  none: null,
  true: true,
  int: -7,
  large: 2n ** 70n,
  negative: -(2n ** 70n),
  byte: 255,
  float: 0.1,
  whole: new PythonFloat(1),
  nan: Number.NaN,
  text: 'ä€𝄞',
  bytes: Uint8Array.of(0, 255),
  tuple: new PythonTuple([1, new PythonTuple([2]), new PythonTuple([])]),
  list: [1, [2.5]],
  ordered: new OrderedDict([
    ['b', 1],
    ['a', 2],
  ]),
  set: new PythonObject('builtins.set', [[1]]),
  numpy: 0.5,
  'numpy int': -3,
  size: new PythonTuple([2, 3]),
  choice: new PythonObject('fairseq.dataclass.constants.Choice', ['pytorch_ddp']),
  counter: new PythonObject('collections.Counter', [
    new Map([
      ['a', 2],
      ['b', 1],
    ]),
  ]),
};

describe.each(files)('what PyTorch saved in %s.pt', (file) => {
  it('has every element type and every view, row-major', () => {
    withTorchFile(golden(`${file}.pt`), ({ root, read }) => {
      for (const [name, [shape, values]] of Object.entries(expected)) {
        const tensor = (root as PythonDict).get(name);
        expect(tensor).toBeInstanceOf(TensorReference);
        const { data, shape: found } = read(tensor as TensorReference);
        expect(found).toEqual(shape);
        expect(Array.from<number | bigint>(data as never).map(Number)).toEqual(values.map(Number));
        if (data instanceof BigInt64Array) expect([...data].map(String)).toEqual(values);
      }
    });
  });

  it('has plain values unchanged, and other objects as descriptions', () => {
    withTorchFile(golden(`${file}.pt`), ({ root }) => {
      for (const [name, value] of Object.entries(plain)) {
        const found = (root as PythonDict).get(name);
        // Up to protocol 2, Python 3 writes its builtins with Python 2's names.
        if (found instanceof PythonObject && found.className === '__builtin__.set') {
          expect(found.args).toEqual((value as PythonObject).args);
        } else expect(found).toEqual(value);
      }
      expect((root as PythonDict).get(3)).toEqual(new Map([['k', 'v']]));
    });
  });
});
