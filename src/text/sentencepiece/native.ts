import { type Addon, addon, isAvailable } from 'sentencepiece-native';
import { UserError } from '../../errors.js';

/**
 * Returns the native add-on for the system's SentencePiece library.
 * @param purpose what requires the add-on, for the message
 * @throws UserError if the add-on is not available
 */
export function requireNative(purpose: string): Addon {
  const { available, reason } = isAvailable();
  if (available) return addon();
  throw new UserError(
    `${purpose} requires SentencePiece's own library: ${reason}`,
    'install what it needs: g++, make, python3 and libsentencepiece-dev (Debian, Ubuntu)',
  );
}

/**
 * Calls the add-on, and converts errors of the library to a UserError.
 * @param remedy the remedy, or a function from the library's reason to the remedy
 */
export function refusals<T>(what: string, remedy: string | ((reason: string) => string), operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    // Our own errors pass through the add-on when it reads sentences.
    if (!(error instanceof Error) || error instanceof UserError || !isLibraryError(error)) throw error;
    const reason = reasonOf(error);
    throw new UserError(`${what}: ${reason}`, typeof remedy === 'string' ? remedy : remedy(reason), { cause: error });
  }
}

/** System errors have a code, and programming errors have a class of their own. */
const isLibraryError = (error: Error): boolean => error.constructor === Error && !('code' in error);

/** Reasons for conditions of the library that it does not explain. */
const REASONS: Readonly<Record<string, string>> = {
  '!sentences_.empty()': 'the text is empty after normalisation',
  '!required_chars_.empty()': 'the text is empty after normalisation',
  '!sentencepieces_.empty()': 'the text is too small for a unigram model',
  '(freq) > (0)': 'a required character is not in the text',
};

/** `./src/trainer.cc(56) [(trainer_spec.vocab_size()) > (0)] why` → `why`, or the condition if there is no reason. */
export function reasonOf({ message }: Error): string {
  const text = message.trim().replace(/^\S+\.h:\d+: exception: /, '');
  const match = /^\S+\.cc\(\d+\) \[(.*?)\](?: (.*))?$/s.exec(text);
  if (match === null) return text;
  const [, condition = '', reason = ''] = match;
  if (reason.trim() !== '') return reason.trim().replace(/\.$/, '');
  const required = condition.replace(/trainer_spec_?\.(\w+)\(\)/g, '$1').replace(/\((\w+)\)/g, '$1');
  return REASONS[condition] ?? `it requires ${required}`;
}
