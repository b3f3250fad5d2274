/** `tfjs-backend-onednn/search`: native search alone, which loads nothing of tfjs. */
export { isAvailable } from './addon.js';
export { configure, describe, discard, type OneDnnOptions, setThreads, supportsBfloat16 } from './settings.js';
export {
  type PackedTransformer,
  type Precision,
  packTransformer,
  type TransformerSizes,
  type WeightValues,
} from './transformer.js';
