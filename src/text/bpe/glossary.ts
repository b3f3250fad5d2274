import { UserError } from '../../errors.js';

/** Words, or patterns of words, that BPE neither splits nor merges. */
export interface Glossary {
  /** Whether the whole text matches an entry. */
  has(text: string): boolean;
  /** Splits a word before and after every entry inside it. */
  isolate(word: string): readonly string[];
}

/**
 * @param entries regular expressions in JavaScript's syntax, in which `\d` matches every decimal digit, as in Python
 * @throws UserError if an entry is not a valid regular expression
 */
export function createGlossary(entries: readonly string[]): Glossary {
  const isolators = entries.map(createIsolator);
  const whole = compile(`^(?:${entries.join('|')})$`);
  return {
    has: (text) => entries.length > 0 && whole.test(text),
    isolate: (word) => isolators.reduce<readonly string[]>((parts, isolate) => parts.flatMap(isolate), [word]),
  };
}

function createIsolator(entry: string): (word: string) => readonly string[] {
  const inside = compile(entry);
  const whole = compile(`^${entry}$`);
  const separator = compile(`(${entry})`);
  return (word) => (whole.test(word) || !inside.test(word) ? [word] : word.split(separator).filter(Boolean));
}

function compile(source: string): RegExp {
  try {
    return new RegExp(source.replaceAll('\\d', '\\p{Nd}'), 'u');
  } catch (error) {
    throw new UserError(
      `the glossary entry '${source}' is not a valid regular expression (${(error as Error).message})`,
      'escape literal special characters with a backslash, e.g. C\\+\\+',
      { cause: error },
    );
  }
}
