/**
 * A mistake of the caller's that the caller can fix: bad input, an unknown name, a file that is missing or damaged.
 * The command line prints it as one line, without a stack, and exits with code 2. Anything else that is thrown is a
 * defect of ours: it prints a stack and exits with code 70.
 */
export class UserError extends Error {
  override readonly name = 'UserError';

  /**
   * @param problem what is wrong and where, e.g. `dict.de.txt line 812: "…" has no count`
   * @param remedy how to fix it, e.g. `rebuild the dictionary with ts-fairseq preprocess`
   */
  constructor(
    readonly problem: string,
    readonly remedy: string,
    options?: ErrorOptions,
  ) {
    super(`${problem}; ${remedy}`, options);
  }
}

/** A broken invariant of our own; never the user's fault. */
export class InternalError extends Error {
  override readonly name = 'InternalError';
}

/** Throws an InternalError that names both sides unless two shapes are equal; −1 in `expected` fits any size. */
export function checkShape(what: string, actual: readonly number[], expected: readonly number[]): void {
  const fits = actual.length === expected.length && expected.every((size, axis) => size < 0 || size === actual[axis]);
  if (!fits) throw new InternalError(`${what} has shape [${actual.join(', ')}], expected [${expected.join(', ')}]`);
}
