import { architectures } from './architectures.js';
import { transformer } from './transformer.js';

/** Every model; one line adds another. */
export const models = [transformer];

export { architectures };
