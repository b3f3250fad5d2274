export { type Addon, addon, isAvailable, type Model } from './addon.js';
