import { architectures } from './architectures.js';
import { transformer } from './transformer.js';

/** The built-in models. */
export const models = [transformer];

/** The built-in architectures. */
export { architectures };
