import { UserError } from '../../errors.js';

/** Words, or patterns of words, that BPE neither splits nor joins to anything. */
export interface Glossary {
  /** Whether the whole text is one entry. */
  has(text: string): boolean;
  /** Cuts a word before and after every entry inside it. */
  isolate(word: string): readonly string[];
}

/**
 * @param entries regular expressions in JavaScript's syntax, `\d` meaning every decimal digit as in Python
 * @throws UserError for one that is not
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
      `the glossary entry '${source}' is not a regular expression (${(error as Error).message})`,
      'put a backslash before signs that stand for themselves, e.g. C\\+\\+',
      { cause: error },
    );
  }
}
