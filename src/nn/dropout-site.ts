import type { DropoutSpec } from '../ops/random.js';
import type { Mode } from '../plugins/model.js';

/** A place in a model where dropout is applied. Each site of a model has its own number. */
export interface DropoutSite {
  /** The dropout of this site in one pass; null if nothing is dropped. */
  spec(mode: Mode): DropoutSpec | null;
}

/** Makes the next dropout site of a model, which drops elements with this probability. */
export type MakeSite = (probability: number) => DropoutSite;

/** Numbers the dropout sites of one model in the order of their creation, so that masks are the same in every run. */
export function dropoutSites(): MakeSite {
  let next = 0;
  return (probability) => {
    const site = next++;
    return {
      spec: ({ dropout }) => (dropout === null || probability === 0 ? null : { ...dropout, probability, site }),
    };
  };
}
