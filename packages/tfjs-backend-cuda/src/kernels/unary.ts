import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import type { CudaBackend } from '../backend.js';
import { float, int, pointer } from '../launch.js';
import { elementwise, fitsIndex, isFloat, partialKernel, sizeOf } from './kernel.js';

/** The names of kernels in cu/unary.cu by those of tfjs. */
const FUNCTIONS = {
  Abs: 'abs',
  Acos: 'acos',
  Acosh: 'acosh',
  Asin: 'asin',
  Asinh: 'asinh',
  Atan: 'atan',
  Atanh: 'atanh',
  Ceil: 'ceil',
  Cos: 'cos',
  Cosh: 'cosh',
  Elu: 'elu',
  Erf: 'erf',
  Exp: 'exp',
  Expm1: 'expm1',
  Floor: 'floor',
  Log: 'log',
  Log1p: 'log1p',
  Neg: 'neg',
  Reciprocal: 'reciprocal',
  Relu: 'relu',
  Relu6: 'relu6',
  Round: 'round',
  Rsqrt: 'rsqrt',
  Selu: 'selu',
  Sigmoid: 'sigmoid',
  Sign: 'sign',
  Sin: 'sin',
  Sinh: 'sinh',
  Softplus: 'softplus',
  Sqrt: 'sqrt',
  Square: 'square',
  Tan: 'tan',
  Tanh: 'tanh',
} as const;

const PREDICATES = { IsFinite: 'is_finite', IsInf: 'is_inf', IsNan: 'is_nan' } as const;

/** y = f(x) with the attributes a and b of f; null unless x is float32. */
function unary(backend: CudaBackend, name: string, x: TensorInfo, a = 0, b = 0): TensorInfo | null {
  const size = sizeOf(x.shape);
  if (!isFloat(x) || !fitsIndex(size)) return null;
  const y = backend.output(x.shape);
  if (size === 0) return y;
  const [from, to] = [backend.address(x), backend.address(y)];
  backend.launch('unary', `unary_${name}`, elementwise(size), [
    pointer(from),
    pointer(to),
    float(a),
    float(b),
    int(size),
  ]);
  return y;
}

const functions = Object.entries(FUNCTIONS).map(([kernelName, name]) =>
  partialKernel<'x'>(kernelName, ({ inputs: { x }, backend }) => unary(backend, name, x)),
);

const predicates = Object.entries(PREDICATES).map(([kernelName, name]) =>
  partialKernel<'x'>(kernelName, ({ inputs: { x }, backend }) => {
    const size = sizeOf(x.shape);
    if (!isFloat(x) || !fitsIndex(size)) return null;
    const y = backend.output(x.shape, 'bool');
    if (size === 0) return y;
    const parameters = [pointer(backend.address(x)), pointer(backend.address(y)), int(size)];
    backend.launch('unary', `unary_${name}`, elementwise(size), parameters);
    return y;
  }),
);

export const unaryKernels: readonly KernelConfig[] = [
  ...functions,
  ...predicates,
  partialKernel<'x', { readonly clipValueMin: number; readonly clipValueMax: number }>(
    'ClipByValue',
    ({ inputs: { x }, attrs, backend }) => unary(backend, 'clip', x, attrs.clipValueMin, attrs.clipValueMax),
  ),
  partialKernel<'x', { readonly alpha: number }>('LeakyRelu', ({ inputs: { x }, attrs, backend }) =>
    unary(backend, 'leaky_relu', x, attrs.alpha),
  ),
  partialKernel<'x', { readonly alpha: number }>('Step', ({ inputs: { x }, attrs, backend }) =>
    unary(backend, 'step', x, attrs.alpha),
  ),
];
