import { UserError } from '../../errors.js';
import { withoutBlankLinesAtEnd } from '../blank-lines.js';

/** Perl's character classes; JavaScript's own match only ASCII or differ. */
const CLASSES: Readonly<Record<string, string>> = {
  w: '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u200c\\u200d',
  d: '\\p{Nd}',
  s: '\\p{White_Space}',
};

/**
 * Compiles the patterns of a `tokenize --protected` file: one per line, in Perl's syntax, as in Moses.
 *
 * @throws UserError naming the line that is not a pattern, or has no equivalent in JavaScript
 */
export function parseProtectedPatterns(lines: Iterable<string>, name: string): readonly RegExp[] {
  const patterns: RegExp[] = [];
  let number = 0;
  for (const line of withoutBlankLinesAtEnd(lines)) {
    number += 1;
    try {
      patterns.push(new RegExp(fromPerl(line), 'u'));
    } catch (error) {
      const reason = (error as Error).message.replace(/^Invalid regular expression: /, '');
      throw new UserError(
        `${name} line ${number}: the pattern cannot be used (${reason})`,
        'write one regular expression per line, without Perl-only constructs',
        { cause: error },
      );
    }
    if (patterns.at(-1)!.test('')) {
      throw new UserError(
        `${name} line ${number}: the pattern matches the empty string`,
        'write a pattern that matches at least one character',
      );
    }
  }
  return patterns;
}

/** Converts a Perl pattern to JavaScript's syntax with the flag `u`, which does not allow unnecessary backslashes. */
function fromPerl(source: string): string {
  let inClass = false;
  return source.replace(/\\.|\[:|[[\]]/gsu, (part) => {
    if (part === '[:' && inClass) throw new Error('a POSIX class such as [:alpha:]');
    if (part.startsWith('[')) {
      inClass = true;
      return part;
    }
    if (part === ']') {
      const closes = inClass;
      inClass = false;
      return closes ? part : '\\]';
    }
    return escapeFromPerl(part.slice(1), inClass);
  });
}

function escapeFromPerl(sign: string, inClass: boolean): string {
  const members = CLASSES[sign.toLowerCase()];
  if (members !== undefined) {
    if (sign === sign.toLowerCase()) return inClass ? members : `[${members}]`;
    if (!inClass) return `[^${members}]`;
    if (sign === 'W') throw new Error('\\W within brackets');
    return members.replace('\\p', '\\P');
  }
  if (/[\p{L}\p{N}]/u.test(sign)) return `\\${sign}`;
  if (/[\^$\\.*+?()[\]{}|/]/.test(sign) || (inClass && sign === '-')) return `\\${sign}`;
  return sign;
}

const MARK = 'THISISPROTECTED';

/** The placeholder of the n-th protected text of a line during tokenization, as in tokenizer.perl. */
const markOf = (index: number): string => `${MARK}${String(index).padStart(3, '0')}`;

/**
 * Marks have three digits. From the thousandth text on, a mark starts with that of an earlier text, which replaces it.
 */
const ANY_MARK = new RegExp(`${MARK}(\\d{3})`, 'g');

/** The texts that the patterns match: pattern by pattern, from left to right. */
export function findProtected(line: string, patterns: readonly RegExp[]): string[] {
  const found: string[] = [];
  for (const pattern of patterns) {
    let rest = line;
    for (let match = pattern.exec(rest); match !== null && match[0] !== ''; match = pattern.exec(rest)) {
      found.push(match[0]);
      rest = rest.slice(match.index + match[0].length);
    }
  }
  return found;
}

/** Replaces all occurrences of the texts by marks, one text after another. */
export function hideProtected(line: string, texts: readonly string[]): string {
  const hiddenTexts = new Set<string>();
  let hidden = line;
  for (const [index, text] of texts.entries()) {
    if (hiddenTexts.has(text)) continue;
    hidden = hidden.replaceAll(text, () => ` ${markOf(index)} `);
    if (!mayOverlapMark(text)) hiddenTexts.add(text);
  }
  return hidden;
}

/** Whether a text may occur in ` THISISPROTECTED012 ` or overlap with one of its ends. */
function mayOverlapMark(text: string): boolean {
  if (!text.includes(' ')) return /^[THISPROECD]*\d*$/.test(text);
  return /^ | $| T|\d /.test(text);
}

/** Puts protected texts back in place of their marks. */
export function restoreProtected(line: string, texts: readonly string[]): string {
  const isMarkWithin = texts.some((text) => text.includes(MARK));
  if (isMarkWithin) return texts.reduce((shown, text, index) => shown.replaceAll(markOf(index), () => text), line);
  return line.replace(ANY_MARK, (mark, index: string) => texts[Number(index)] ?? mark);
}
