import { log } from '../../log.js';
import type { OptionValues } from '../../options/schema.js';
import { selectOptions } from '../../options/select.js';
import type { OptimizerDefinition } from '../../plugins/optimizer.js';
import { optimizationOptions } from '../../training/options.js';

const [DEFAULT_RATE] = optimizationOptions.lr.default;

/**
 * Warns that training without `--lr` uses fairseq's default of 0.25, at which most models diverge under Adam within a few
 * updates. Does not warn if 0.25 is usual for the optimizer or the optimizer does not use `--lr`.
 * @param all the values of every option, by key
 */
export function warnOfDefaultRate(optimizer: OptimizerDefinition, all: OptionValues): void {
  const usual = optimizer.usualLearningRate?.(selectOptions(optimizer.options, all));
  if (usual === null || usual === DEFAULT_RATE) return;
  const advice =
    usual === undefined
      ? `set one that suits ${optimizer.name}`
      : `--lr ${textOf(usual)} is usual for ${optimizer.name}`;
  log.warning(`--lr is not set: the learning rate is fairseq's default, ${DEFAULT_RATE}; ${advice}`);
}

/** A rate as users type it: 5e-4, 1. */
const textOf = (rate: number): string => (rate < 0.1 ? rate.toExponential() : String(rate));
