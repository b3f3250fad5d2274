import type * as Library from '@tensorflow/tfjs';
import { wholeLibrary } from './library.js';

/**
 * TensorFlow.js as ts-fairseq uses it. It is loaded at the first access to a member, so that importing ts-fairseq or a
 * plug-in has no side effects. It is the same instance as `@tensorflow/tfjs`, if that resolves to the same file.
 */
export const tf: typeof Library = new Proxy({} as typeof Library, {
  get: (_, name) => Reflect.get(wholeLibrary(), name),
  has: (_, name) => Reflect.has(wholeLibrary(), name),
});

/** The most common types; '@tensorflow/tfjs' has the others. */
export declare namespace tf {
  export type Tensor<R extends Library.Rank = Library.Rank> = Library.Tensor<R>;
  export type Scalar = Library.Scalar;
  export type Tensor1D = Library.Tensor1D;
  export type Tensor2D = Library.Tensor2D;
  export type Tensor3D = Library.Tensor3D;
  export type Tensor4D = Library.Tensor4D;
  export type Rank = Library.Rank;
  export type DataType = Library.DataType;
  export type TensorLike = Library.TensorLike;
  export type NamedTensorMap = Library.NamedTensorMap;
}
