export { type Addon, addon, isAvailable, type Model } from './addon.js';
export { checkModel } from './model-file/check-model.js';
export { textPieces } from './model-file/text-pieces.js';
