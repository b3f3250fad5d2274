/** An error that the user can fix: printed as one line, exit status 2. */
export class UserError extends Error {
  override readonly name = 'UserError';

  /**
   * @param problem what is wrong and where
   * @param remedy how to fix it
   */
  constructor(problem: string, remedy: string) {
    super(`${problem}: ${remedy}`);
  }
}
