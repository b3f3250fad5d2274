import { UserError } from '../errors.js';

export function emptyFile(path: string): UserError {
  return new UserError(`${path} is empty`, 'give a text with one sentence per line');
}
