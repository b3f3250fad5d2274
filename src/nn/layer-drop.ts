import { keptItems } from '../ops/philox.js';
import type { Mode } from '../plugins/model.js';
import type { DropoutSite } from './dropout-site.js';

/**
 * LayerDrop (Fan et al. 2020): a training pass skips each layer of a stack with a given probability; evaluation skips
 * none. The draws come from a dropout site, so they depend only on the seed and the update, also in a resumed run.
 */
export class LayerDrop {
  constructor(
    readonly probability: number,
    readonly site: DropoutSite,
  ) {}

  /** The layers of one pass, in order. */
  choose<Layer>(layers: readonly Layer[], mode: Mode): readonly Layer[] {
    const spec = this.site.spec(mode);
    if (spec === null) return layers;
    const kept = keptItems(spec, layers.length);
    return layers.filter((_, index) => kept[index]);
  }
}
