/**
 * `import … from 'ts-fairseq/nn'`: building blocks of models, and the built-in model for further architectures. It is
 * not part of the main entry point because it loads the tensor library.
 */
export { transformer } from '../models/transformer.js';
export { type DropoutSite, dropoutSites } from './nn/dropout-site.js';
export { normal, ones, uniform, uniformSource, xavierUniform, zeros } from './nn/initializers.js';
export { LayerNorm } from './nn/layer-norm.js';
export { Linear } from './nn/linear.js';
export { EncoderAttention, SelfAttention } from './nn/multihead-attention.js';
export { dropout, dropoutAdd } from './ops/dropout.js';
export { lookUp } from './ops/embedding.js';
export { type RowChoice, type RowLayout, tokenLayout } from './ops/row-layout.js';
export { type Initializer, type NamedParameter, Parameter, ParameterStore } from './optim/parameter-store.js';
