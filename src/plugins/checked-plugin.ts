import { checkedCriterion } from './checked-criterion.js';
import { checkedLrScheduler } from './checked-lr-scheduler.js';
import { checkedModel } from './checked-model.js';
import { checkedOptimizer } from './checked-optimizer.js';
import { checkPlugin, type Plugin } from './plugin.js';

/**
 * Checks a plug-in that is not built in: its declaration at once, what it builds and returns at each call.
 * @param source the file that defines it, for messages
 * @throws UserError for a declaration with a missing or wrong field
 */
export function checkedPlugin(plugin: Plugin, source: string): Plugin {
  checkPlugin(plugin, source);
  switch (plugin.kind) {
    case 'criterion':
      return checkedCriterion(plugin, source);
    case 'model':
      return checkedModel(plugin, source);
    case 'architecture':
      return { ...plugin, model: checkedModel(plugin.model, source) };
    case 'optimizer':
      return checkedOptimizer(plugin, source);
    case 'lr-scheduler':
      return checkedLrScheduler(plugin, source);
  }
}
