import { UserError } from '../errors.js';
import type { NumbersOption } from '../options/schema.js';

/** The option for the decay rates of Adam and related optimizers. */
export const betasOption = {
  kind: 'numbers',
  default: [0.9, 0.999],
  metavar: 'B1,B2',
  help: "decay rates of the two moments, e.g. '(0.9, 0.98)'",
} as const satisfies NumbersOption;

/** @throws UserError unless there are two rates in [0, 1) */
export function checkBetas(flag: string, betas: readonly number[]): readonly [number, number] {
  const [beta1, beta2] = betas;
  const fits = betas.length === 2 && betas.every((beta) => beta >= 0 && beta < 1);
  if (!fits)
    throw new UserError(`${flag} ${betas.join(',')}`, 'give two numbers of at least 0 and below 1, e.g. 0.9,0.98');
  return [beta1!, beta2!];
}
