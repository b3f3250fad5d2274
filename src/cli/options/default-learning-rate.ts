import { log } from '../../log.js';
import type { OptionValues } from '../../options/schema.js';
import { selectOptions } from '../../options/select.js';
import type { OptimizerDefinition } from '../../plugins/optimizer.js';
import { optimizationOptions } from '../../training/options.js';

const [DEFAULT_RATE] = optimizationOptions.lr.default;

/**
 * Without `--lr` training runs at fairseq's 0.25, which destroys most models under Adam within a few updates: says so, unless
 * that is the usual rate of the optimizer or the optimizer has a rate of its own.
 * @param all the values of every option, by key
 */
export function warnOfDefaultRate(optimizer: OptimizerDefinition, all: OptionValues): void {
  const usual = optimizer.usualLearningRate?.(selectOptions(optimizer.options, all));
  if (usual === null || usual === DEFAULT_RATE) return;
  const advice =
    usual === undefined
      ? `give the one that suits ${optimizer.name}`
      : `usual for ${optimizer.name}: --lr ${textOf(usual)}`;
  log.warning(`no --lr is given: the learning rate is ${DEFAULT_RATE}, fairseq's default; ${advice}`);
}

/** As one types it: 5e-4, 1. */
const textOf = (rate: number): string => (rate < 0.1 ? rate.toExponential() : String(rate));
