import { UserError } from '../errors.js';
import { parseJsonOptions } from '../options/json-options.js';
import type { OptimizerDefinition } from '../plugins/optimizer.js';
import type { TrainRequest } from './request.js';
import { startingCheckpoint } from './resume.js';

const FLAG = '--optimizer-overrides';

/**
 * Applies `--optimizer-overrides` to a request that resumes the state of an optimizer; returns other requests
 * unchanged. Names are those of the flags or, as in fairseq, those of PyTorch's parameter groups: `betas` for
 * `adam_betas`.
 * @throws UserError if a name is not an option of the optimizer
 */
export function withOptimizerOverrides(request: TrainRequest): TrainRequest {
  const { options, plugins, all } = request;
  const names = groupNames(plugins.optimizer);
  const specs = Object.entries(plugins.optimizer.options).flatMap(([key, spec]) => [
    [key, spec] as const,
    [names.get(key)!, spec] as const,
  ]);
  if (/\blr\b/.test(options.optimizerOverrides)) {
    throw new UserError(`${FLAG} cannot set lr`, 'the schedule sets the learning rate of every update: use --lr');
  }
  const overrides = parseJsonOptions(FLAG, options.optimizerOverrides, Object.fromEntries(specs));
  const start = startingCheckpoint(options);
  if (start === null || start.weightsOnly || options.resetOptimizer) return request;
  const keys = new Map([...names].map(([key, name]) => [name, key]));
  const byKey = Object.entries(overrides).map(([name, value]) => [keys.get(name) ?? name, value]);
  return { ...request, all: { ...all, ...Object.fromEntries(byKey) } };
}

/** The names of an optimizer's options in PyTorch's parameter groups, by key: `adamBetas` → `betas`. */
function groupNames({ name, options }: OptimizerDefinition): ReadonlyMap<string, string> {
  const withoutPrefix = (key: string): string => {
    const rest = key.startsWith(name) ? key.slice(name.length) : '';
    return /^[A-Z]/.test(rest) ? rest[0]!.toLowerCase() + rest.slice(1) : key;
  };
  return new Map(Object.keys(options).map((key) => [key, withoutPrefix(key)]));
}
