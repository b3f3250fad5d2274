import { type MaskAttributes, maskSizes } from '../ops/dropout.js';
import { dropThreshold } from '../ops/philox.js';
import * as tf from '../tf/index.js';

interface DispatchLayout {
  readonly x: number[];
}

/** The parts of tfjs-backend-webgpu that a kernel uses. */
export interface WebGpuModule {
  readonly webgpu_util: {
    flatDispatchLayout(shape: readonly number[]): DispatchLayout;
    computeDispatch(
      layout: DispatchLayout,
      shape: readonly number[],
      workgroupSize: readonly number[],
    ): [number, number, number];
  };
}

interface Uniform {
  readonly type: 'float32' | 'int32' | 'uint32';
  readonly data: number[];
}

interface ProgramRunner extends tf.KernelBackend {
  runWebGPUProgram(program: object, inputs: tf.TensorInfo[], dtype: tf.DataType, uniforms: Uniform[]): tf.TensorInfo;
}

/**
 * Philox4x32-10 in WGSL, equal to `ops/philox.ts`. WGSL has no 64-bit product, so it is assembled from 16-bit halves.
 */
const PHILOX = `
  fn multiplyHigh(a : u32, b : u32) -> u32 {
    let aLow = a & 0xffffu;
    let aHigh = a >> 16u;
    let bLow = b & 0xffffu;
    let bHigh = b >> 16u;
    let middle = aHigh * bLow + ((aLow * bLow) >> 16u);
    let carry = (middle & 0xffffu) + aLow * bHigh;
    return aHigh * bHigh + (middle >> 16u) + (carry >> 16u);
  }

  fn philox(start : vec4<u32>, seed : vec2<u32>) -> vec4<u32> {
    var counter = start;
    var key = seed;
    for (var round = 0; round < 10; round++) {
      counter = vec4<u32>(
        multiplyHigh(0xcd9e8d57u, counter.z) ^ counter.y ^ key.x,
        0xcd9e8d57u * counter.z,
        multiplyHigh(0xd2511f53u, counter.x) ^ counter.w ^ key.y,
        0xd2511f53u * counter.x);
      key += vec2<u32>(0x9e3779b9u, 0xbb67ae85u);
    }
    return counter;
  }
`;

/** The mask of `ops/dropout.ts`, computed on the GPU: 67 million elements per update in transformer_iwslt_de_en. */
function dropoutMaskProgram({ webgpu_util }: WebGpuModule, shape: number[]): object {
  const workgroupSize = [64, 1, 1];
  const dispatchLayout = webgpu_util.flatDispatchLayout(shape);
  return {
    variableNames: [],
    outputShape: shape,
    uniforms: 'columns : u32, threshold : u32, scale : f32, site : u32, microBatch : u32, seed : u32, update : u32,',
    workgroupSize,
    size: true,
    dispatchLayout,
    dispatch: webgpu_util.computeDispatch(dispatchLayout, shape, workgroupSize),
    shaderKey: 'dropoutMask',
    getUserCode: () => `
      ${PHILOX}
      fn main(index : i32) {
        if (index < uniforms.size) {
          let row = u32(index) / uniforms.columns;
          let column = u32(index) % uniforms.columns;
          let block = row * ((uniforms.columns + 3u) / 4u) + column / 4u;
          let words = philox(
            vec4<u32>(block, 0u, uniforms.site, uniforms.microBatch), vec2<u32>(uniforms.seed, uniforms.update));
          setOutputAtIndex(index, select(uniforms.scale, 0.0, words[column % 4u] < uniforms.threshold));
        }
      }
    `,
  };
}

/** Registers the kernels of `ops` that are worth running on a GPU. */
export function registerWebGpuKernels(module: WebGpuModule): void {
  tf.registerKernel({
    kernelName: 'DropoutMask',
    backendName: 'webgpu',
    kernelFunc: ({ attrs, backend }) => {
      const { shape, ...dropout } = attrs as MaskAttributes;
      const word = (value: number): Uniform => ({ type: 'uint32', data: [value] });
      const uniforms: Uniform[] = [
        word(maskSizes(shape)[1]),
        word(dropThreshold(dropout.dropoutProbability)),
        { type: 'float32', data: [1 / (1 - dropout.dropoutProbability)] },
        word(dropout.dropoutSite),
        word(dropout.dropoutMicroBatch),
        word(dropout.dropoutSeed),
        word(dropout.dropoutUpdate),
      ];
      const runner = backend as ProgramRunner;
      return runner.runWebGPUProgram(dropoutMaskProgram(module, shape), [], 'float32', uniforms);
    },
  });
}
