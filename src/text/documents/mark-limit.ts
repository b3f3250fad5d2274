import { UserError } from '../../errors.js';

/** The most characters in a block that could be inline marks. micromark's time grows with their square. */
const MOST_MARKS = 10_000;

/** The most quotations and lists that begin in a line. micromark's time grows with their square too. */
const MOST_CONTAINERS = 100;

const CONTAINERS = /^(?:[ \t]*(?:>|[-+*](?=[ \t])|\d{1,9}[.)](?=[ \t])))+/u;
const CONTAINER = />|[-+*]|\d+[.)]/gu;

const MARK = /[[\]*_`<~]/gu;
const FENCE = /^ {0,3}(`{3,}|~{3,})/u;

/**
 * Refuses Markdown that takes very long to parse.
 * @throws UserError naming the line of a block with more possible marks, or a line with more quotations and lists, than any text needs
 */
export function checkMarks(document: string): void {
  let [marks, firstLine] = [0, 1];
  let fence: string | null = null;
  for (const [index, line] of document.split(/\r\n|\r|\n/u).entries()) {
    const found = FENCE.exec(line)?.[1];
    if (found !== undefined && (fence === null || found.startsWith(fence))) fence = fence === null ? found : null;
    const containers = CONTAINERS.exec(line)?.[0].match(CONTAINER)?.length ?? 0;
    if (fence === null && containers > MOST_CONTAINERS) {
      throw new UserError(
        `line ${index + 1}: more than ${MOST_CONTAINERS} quotations and lists are nested`,
        'remove some, or translate it as plain text',
      );
    }
    if (line.trim() === '') [marks, firstLine] = [0, index + 2];
    if (fence === null) marks += line.match(MARK)?.length ?? 0;
    if (marks <= MOST_MARKS) continue;
    throw new UserError(
      `line ${firstLine}: a block of the Markdown has more than ${MOST_MARKS} brackets, asterisks and other marks`,
      'divide it by empty lines, or translate it as plain text',
    );
  }
}
