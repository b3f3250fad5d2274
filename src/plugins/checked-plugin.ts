import { checkedCriterion } from './checked-criterion.js';
import { checkedLrScheduler } from './checked-lr-scheduler.js';
import { checkedModel } from './checked-model.js';
import { checkedOptimizer } from './checked-optimizer.js';
import { checkPlugin, type Plugin } from './plugin.js';

/**
 * A plug-in from outside: its declaration is checked now, what it builds and returns when that happens.
 * @param source where it is defined, for messages
 * @throws UserError for a declaration that lacks something or has it wrong
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
