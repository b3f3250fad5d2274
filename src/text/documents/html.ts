import { decodeHTML } from 'entities';
import { Parser } from 'htmlparser2';
import { ElementScope, type Treatment } from './html-elements.js';
import { shifted } from './indented-block.js';
import type { InlinePart } from './inline-parts.js';
import { divideInline, type Pieces, type ProseSyntax } from './prose.js';

/**
 * Divides HTML, a document or a part of one. Tags, attributes, comments, scripts, styles, preformatted text and elements with
 * `translate="no"` are copied.
 */
export const divideHtml = (document: string): Pieces => divideHtmlWithin(document, '').pieces;

/**
 * Divides a part of HTML.
 * @param outer start tags of copied elements around the part, empty if there are none
 * @returns also the start tags around what follows
 */
export function divideHtmlWithin(document: string, outer: string): { pieces: Pieces; outer: string } {
  const whole = outer + document;
  const { parts, copiedElements } = partsOf(whole);
  const inside = parts.filter(({ start }) => start >= outer.length);
  const pieces = divideInline(whole, [outer.length, whole.length], inside, HTML);
  return { pieces: outer === '' ? pieces : shifted(pieces, -outer.length), outer: copiedElements };
}

/** HTML's rules for texts: https://html.spec.whatwg.org/multipage/parsing.html#escapingString */
const HTML: ProseSyntax = {
  write: (pieces) => pieces.map((piece) => (typeof piece === 'string' ? escaped(piece) : piece.verbatim)).join(''),
  leadingSpace: (source) => /^[ \t\r\n\f]*/u.exec(source)![0].length,
};

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\u00a0': '&nbsp;' };

const escaped = (text: string): string => text.replace(/[&<>\u00a0]/gu, (character) => ESCAPES[character]!);

/** The parts of a document. What the parser does not report, e.g. an end tag without a start tag, is a boundary. */
function partsOf(document: string): { parts: InlinePart[]; copiedElements: string } {
  const parts: InlinePart[] = [];
  const scope = new ElementScope();
  let position = 0;
  const add = (treatment: Treatment, markKind: 'open' | 'close', name: string): void => {
    // Of an end tag with white space before its `>`, the parser takes the end of the name for the end of the tag.
    const start = Math.max(position, parser.startIndex);
    const end = markKind === 'close' ? document.indexOf('>', parser.endIndex) + 1 : parser.endIndex + 1;
    if (start > position) parts.push({ kind: 'boundary', start: position, end: start });
    parts.push(partOf(treatment, { markKind, name, start, end, source: document.slice(start, end) }));
    position = end;
  };
  const parser = new Parser(
    {
      onopentag(name, attributes, isImplied) {
        if (isImplied) return;
        add(name === 'wbr' ? 'translate' : scope.enter(name, attributes), 'open', name);
      },
      onclosetag(name, isImplied) {
        const treatment = scope.leave(name);
        if (!isImplied) add(treatment ?? 'boundary', 'close', name);
      },
      ontext: () => add(scope.text, 'open', ''),
      oncomment: () => add(scope.text === 'translate' ? 'object' : scope.text, 'open', ''),
      onprocessinginstruction: () => add('boundary', 'open', ''),
    },
    { decodeEntities: false },
  );
  parser.write(document);
  const { copiedElements } = scope; // parser.end() closes all elements
  parser.end();
  return { parts, copiedElements };
}

/** A tag or a text of the source. */
interface Token {
  readonly markKind: 'open' | 'close';
  readonly name: string; // '' for a text
  readonly start: number;
  readonly end: number;
  readonly source: string;
}

function partOf(treatment: Treatment, { markKind, name, start, end, source }: Token): InlinePart {
  switch (treatment) {
    case 'translate':
      return { kind: 'text', start, end, text: name === 'wbr' ? '' : decodeHTML(source) };
    case 'mark':
      return { kind: markKind, start, end, name };
    case 'boundary':
      return { kind: 'boundary', start, end };
    default:
      return { kind: 'verbatim', start, end, isWord: treatment === 'word', name: null };
  }
}
