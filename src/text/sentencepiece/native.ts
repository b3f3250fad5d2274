import { type Addon, addon, isAvailable } from 'sentencepiece-native';
import { UserError } from '../../errors.js';

/**
 * The add-on on the system's library.
 * @param purpose what needs it, for the message
 * @throws UserError where it is not there
 */
export function requireNative(purpose: string): Addon {
  const { available, reason } = isAvailable();
  if (available) return addon();
  throw new UserError(
    `${purpose} needs SentencePiece's own library: ${reason}`,
    'install what it needs: g++, make, python3 and libsentencepiece-dev (Debian, Ubuntu)',
  );
}

/** Runs a call of the add-on; what the library refuses becomes a UserError. */
export function refusals<T>(what: string, remedy: string, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    // Errors of ours pass through the add-on when sentences are read.
    if (!(error instanceof Error) || error instanceof UserError || !isRefusal(error)) throw error;
    throw new UserError(`${what}: ${withoutPlace(error.message)}`, remedy, { cause: error });
  }
}

/** Errors of the system have a code, mistakes in code a class of their own. */
const isRefusal = (error: Error): boolean => error.constructor === Error && !('code' in error);

/** `./src/trainer.cc(56) [(trainer_spec.vocab_size()) > (0)] why` → `why`, or the condition where no reason is given. */
function withoutPlace(message: string): string {
  const match = /^\S+\.cc\(\d+\) \[(.*?)\](?: (.*))?$/s.exec(message.trim());
  if (match === null) return message.trim();
  const [, condition = '', reason = ''] = match;
  if (reason.trim() !== '') return reason.trim().replace(/\.$/, '');
  return `it asks for ${condition.replace(/trainer_spec_?\.(\w+)\(\)/g, '$1').replace(/\((\w+)\)/g, '$1')}`;
}
