import type { Nodes, Parents, PhrasingContent, Root } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { frontmatterFromMarkdown } from 'mdast-util-frontmatter';
import { gfmFromMarkdown, gfmToMarkdown } from 'mdast-util-gfm';
import { toMarkdown } from 'mdast-util-to-markdown';
import { frontmatter } from 'micromark-extension-frontmatter';
import { gfm } from 'micromark-extension-gfm';
import { divideHtmlWithin } from './html.js';
import { linesWithin, placed, shifted } from './indented-block.js';
import type { InlinePart } from './inline-parts.js';
import { checkMarks } from './mark-limit.js';
import { markdownParts, rangeOf } from './markdown-parts.js';
import { divideInline, type Pieces, type Prose, type ProseSyntax } from './prose.js';

const FRONT_MATTER = ['yaml', 'toml'] as const;
const BYTE_ORDER_MARK = '\ufeff';

/**
 * Divides Markdown: CommonMark with GitHub's tables, task lists, footnotes and strikethrough, and front matter. Its marks of
 * blocks, code, link definitions and front matter are copied. Blocks of HTML are divided as HTML, in quotations and lists too.
 * @throws UserError as `checkMarks` does
 */
export function divideMarkdown(document: string): Pieces {
  checkMarks(document);
  if (document.startsWith(BYTE_ORDER_MARK)) return [BYTE_ORDER_MARK, ...shifted(divideMarkdown(document.slice(1)), 1)];
  const pieces: (string | Prose)[] = [];
  let position = 0;
  const add = (end: number, added: Pieces): void => {
    pieces.push(...added);
    position = end;
  };
  let outer = ''; // elements of HTML that are copied, and contain several blocks
  for (const block of textBlocks(parse(document))) {
    const { start, end } = rangeOf(block);
    let inside: Pieces = [];
    if (block.type === 'html') ({ pieces: inside, outer } = divideHtmlBlock(document, block, outer));
    else if (outer === '') inside = divideText(document, block);
    else ({ outer } = divideHtmlWithin(tagsIn(block), outer)); // they may end in the midst of a paragraph
    if (inside.every((piece) => typeof piece === 'string')) continue;
    add(end, [document.slice(position, start), ...inside]);
  }
  add(document.length, [document.slice(position)]);
  return pieces.filter((piece) => piece !== '');
}

const parse = (document: string): Root =>
  fromMarkdown(document, {
    extensions: [gfm(), frontmatter([...FRONT_MATTER])],
    mdastExtensions: [GFM_WITH_POSITIONS, frontmatterFromMarkdown([...FRONT_MATTER])],
  });

/** Without the transform that finds more addresses in texts and divides them into nodes without positions. */
const GFM_WITH_POSITIONS = gfmFromMarkdown().map(({ transforms: _, ...extension }) => extension);

type TextBlock = Extract<Nodes, { type: 'paragraph' | 'heading' | 'tableCell' | 'html' }>;

/** The tags of HTML in a block. */
const tagsIn = (node: Nodes): string =>
  node.type === 'html' ? node.value : 'children' in node ? (node as Parents).children.map(tagsIn).join('') : '';

/** The blocks with text, in order. */
function* textBlocks(node: Nodes): Generator<TextBlock> {
  switch (node.type) {
    case 'paragraph':
    case 'heading':
    case 'tableCell':
    case 'html':
      yield node;
      break;
    default:
      if ('children' in node) for (const child of (node as Parents).children) yield* textBlocks(child);
  }
}

function divideText(document: string, block: Exclude<TextBlock, { type: 'html' }>): Pieces {
  const { start, end } = rangeOf(block);
  const parts = withoutAlert(document, markdownParts(block.children, document));
  return divideInline(document, [start, end], parts, syntaxOf(block.type));
}

/** The first line of GitHub's alerts, `> [!NOTE]`. */
const ALERT = /^\[!(?:NOTE|TIP|IMPORTANT|WARNING|CAUTION)\][ \t]*(?=[\r\n]|$)/iu;

/** The parts of a text; the mark of an alert is none of it. */
function withoutAlert(document: string, parts: readonly InlinePart[]): readonly InlinePart[] {
  const [first, ...others] = parts;
  if (first?.kind !== 'text') return parts;
  const mark = ALERT.exec(document.slice(first.start, first.end))?.[0];
  if (mark === undefined) return parts;
  const before = document.slice(Math.max(0, first.start - MOST_INDENT), first.start);
  if (!/(?:^|[\r\n])[ \t>]*>[ \t]*$/u.test(before)) return parts;
  const start = first.start + mark.length;
  return [
    { kind: 'boundary', start: first.start, end: start },
    { ...first, start, text: first.text.slice(first.text.indexOf(']') + 1) },
    ...others,
  ];
}

/** The most characters before a text in its line that are looked at. */
const MOST_INDENT = 200;

/**
 * Divides a block of HTML.
 * @param outer start tags of copied elements that began in blocks before
 * @returns also those around what follows
 */
function divideHtmlBlock(
  document: string,
  block: Extract<Nodes, { type: 'html' }>,
  outer: string,
): { pieces: Pieces; outer: string } {
  const { start, end } = rangeOf(block);
  const source = document.slice(start, end);
  const divided = divideHtmlWithin(block.value, outer);
  if (source === block.value) return { pieces: shifted(divided.pieces, start), outer: divided.outer };
  const lines = linesWithin(source, block.value, start);
  return { pieces: lines === null ? [] : placed(document, lines, divided.pieces), outer: divided.outer };
}

/** How texts are written in a paragraph, a heading or the cell of a table. */
const syntaxOf = (type: 'paragraph' | 'heading' | 'tableCell'): ProseSyntax => ({
  write(pieces) {
    const children = pieces.map(
      (piece): PhrasingContent =>
        typeof piece === 'string' ? { type: 'text', value: piece } : { type: 'html', value: piece.verbatim },
    );
    const paragraph = { type: 'paragraph', children } as const;
    return toMarkdown(paragraph, { extensions: [gfmToMarkdown()], unsafe: [...UNSAFE[type]] }).replace(/\n$/u, '');
  },
  leadingSpace: (source) => LINE_BEGINNING.exec(source)![0].length,
});

const IN_TEXT = { inConstruct: 'phrasing' } as const;

/** It would end the text of a link whose marks enclose the text. */
const CLOSING_BRACKET = { character: ']', ...IN_TEXT };

/** What has to be escaped besides what a paragraph needs: the end of a heading, and that of a cell. */
const UNSAFE = {
  paragraph: [CLOSING_BRACKET],
  heading: [CLOSING_BRACKET, { character: '#', after: '(?:[\\r\\n]|$)', ...IN_TEXT }],
  tableCell: [CLOSING_BRACKET, { character: '|', ...IN_TEXT }],
} as const;

/** White space; after a line end also the marks of quotations. */
const LINE_BEGINNING = /^[ \t]*(?:\r\n|\n|\r)[ \t>]*|^[ \t]*/u;
