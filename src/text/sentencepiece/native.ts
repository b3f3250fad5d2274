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

/**
 * Runs a call of the add-on; what the library refuses becomes a UserError.
 * @param remedy what to do about it, or how to tell from the library's reason
 */
export function refusals<T>(what: string, remedy: string | ((reason: string) => string), operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    // Errors of ours pass through the add-on when sentences are read.
    if (!(error instanceof Error) || error instanceof UserError || !isRefusal(error)) throw error;
    const reason = reasonOf(error);
    throw new UserError(`${what}: ${reason}`, typeof remedy === 'string' ? remedy : remedy(reason), { cause: error });
  }
}

/** Errors of the system have a code, mistakes in code a class of their own. */
const isRefusal = (error: Error): boolean => error.constructor === Error && !('code' in error);

/** Conditions of the library that it gives no reason for. */
const REASONS: Readonly<Record<string, string>> = {
  '!sentences_.empty()': 'normalisation leaves nothing of the text',
  '!required_chars_.empty()': 'normalisation leaves nothing of the text',
  '!sentencepieces_.empty()': 'the text is too small for a unigram model',
  '(freq) > (0)': 'a required character is not in the text',
};

/** `./src/trainer.cc(56) [(trainer_spec.vocab_size()) > (0)] why` → `why`, or the condition where no reason is given. */
export function reasonOf({ message }: Error): string {
  const text = message.trim().replace(/^\S+\.h:\d+: exception: /, '');
  const match = /^\S+\.cc\(\d+\) \[(.*?)\](?: (.*))?$/s.exec(text);
  if (match === null) return text;
  const [, condition = '', reason = ''] = match;
  if (reason.trim() !== '') return reason.trim().replace(/\.$/, '');
  const asked = condition.replace(/trainer_spec_?\.(\w+)\(\)/g, '$1').replace(/\((\w+)\)/g, '$1');
  return REASONS[condition] ?? `it asks for ${asked}`;
}
