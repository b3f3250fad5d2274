import { UserError } from '../../errors.js';
import { withoutBlankLinesAtEnd } from '../blank-lines.js';

/** Perl's classes outside and inside brackets; JavaScript's own are ASCII or differ. */
const CLASSES: Readonly<Record<string, string>> = {
  w: '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u200c\\u200d',
  d: '\\p{Nd}',
  s: '\\p{White_Space}',
};

/**
 * Compiles the patterns of a `tokenize --protected` file, one a line in Perl's syntax as Moses takes them.
 *
 * @throws UserError naming the line that is no pattern, or one that JavaScript has no equal for
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
        'write one regular expression a line, without Perl-only constructs',
        { cause: error },
      );
    }
    if (patterns.at(-1)!.test('')) {
      throw new UserError(
        `${name} line ${number}: the pattern matches the empty text`,
        'write one that takes a character',
      );
    }
  }
  return patterns;
}

/** A Perl pattern in JavaScript's syntax with the flag `u`, which allows no needless backslash. */
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

/** Stands for the n-th protected text of a line while it is tokenized; the mark that tokenizer.perl uses. */
const markOf = (index: number): string => `${MARK}${String(index).padStart(3, '0')}`;

/** Three digits: behind the thousandth text a mark begins with that of an earlier one, which is put in its place. */
const ANY_MARK = new RegExp(`${MARK}(\\d{3})`, 'g');

/** The texts that the patterns match, pattern by pattern, each from left to right. */
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

/** Replaces the texts one after the other, each wherever it stands. */
export function hideProtected(line: string, texts: readonly string[]): string {
  const gone = new Set<string>();
  let hidden = line;
  for (const [index, text] of texts.entries()) {
    if (gone.has(text)) continue;
    hidden = hidden.replaceAll(text, () => ` ${markOf(index)} `);
    if (!mayMeetMark(text)) gone.add(text);
  }
  return hidden;
}

/** Whether a text may stand in ` THISISPROTECTED012 ` or across one of its ends. */
function mayMeetMark(text: string): boolean {
  if (!text.includes(' ')) return /^[THISPROECD]*\d*$/.test(text);
  return /^ | $| T|\d /.test(text);
}

/** Puts protected texts back in place of their marks. */
export function restoreProtected(line: string, texts: readonly string[]): string {
  const isMarkWithin = texts.some((text) => text.includes(MARK));
  if (isMarkWithin) return texts.reduce((shown, text, index) => shown.replaceAll(markOf(index), () => text), line);
  return line.replace(ANY_MARK, (mark, index: string) => texts[Number(index)] ?? mark);
}
