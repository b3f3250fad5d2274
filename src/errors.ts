/**
 * An error that the user can fix: invalid input, an unknown name, a missing or damaged file. The command line prints it
 * in one line without a stack and exits with code 2. Any other error is a defect of ts-fairseq: the command line prints
 * its stack and exits with code 70.
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

/** A broken invariant: a defect of ts-fairseq or of a plug-in. */
export class InternalError extends Error {
  override readonly name = 'InternalError';
}

/** @throws InternalError with both shapes if they differ; −1 in `expected` matches any size */
export function checkShape(what: string, actual: readonly number[], expected: readonly number[]): void {
  const fits = actual.length === expected.length && expected.every((size, axis) => size < 0 || size === actual[axis]);
  if (!fits) throw new InternalError(`${what} has shape [${actual.join(', ')}], expected [${expected.join(', ')}]`);
}
