import type { DropoutSpec } from '../ops/random.js';
import type { Mode } from '../plugins/model.js';

/** A place in a model where elements are dropped, with a number of its own. */
export interface DropoutSite {
  /** What to do in this pass; null where nothing is dropped. */
  spec(mode: Mode): DropoutSpec | null;
}

/** Numbers the dropout sites of one model in the order in which they are made, so that masks repeat from run to run. */
export function dropoutSites(): (probability: number) => DropoutSite {
  let next = 0;
  return (probability) => {
    const site = next++;
    return {
      spec: ({ dropout }) => (dropout === null || probability === 0 ? null : { ...dropout, probability, site }),
    };
  };
}
