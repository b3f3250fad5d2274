/** `tfjs-backend-onednn/search`: native search only. It does not load tfjs. */
export { isAvailable } from './addon.js';
export {
  type PackedTransformer,
  type Precision,
  packTransformer,
  type TransformerSizes,
  type WeightValues,
} from './packed-transformer.js';
export {
  configure,
  describe,
  discard,
  type OneDnnOptions,
  type Settings,
  setThreads,
  settingsOf,
  supportsBfloat16,
  useSettings,
} from './settings.js';
