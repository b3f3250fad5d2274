import { keptWholes } from '../ops/philox.js';
import type { Mode } from '../plugins/model.js';
import type { DropoutSite } from './dropout-site.js';

/**
 * LayerDrop (Fan et al. 2020): a training pass leaves each layer of a stack out with one probability, evaluation none.
 * The draws are those of a dropout site, so that they repeat with the seed and a resumed run goes on with the same.
 */
export class LayerDrop {
  constructor(
    readonly probability: number,
    readonly site: DropoutSite,
  ) {}

  /** The layers of this pass, in their order. */
  choose<Layer>(layers: readonly Layer[], mode: Mode): readonly Layer[] {
    const spec = this.site.spec(mode);
    if (spec === null) return layers;
    const kept = keptWholes(spec, layers.length);
    return layers.filter((_, index) => kept[index]);
  }
}
