import { Parser } from 'htmlparser2';
import type { Nodes, PhrasingContent } from 'mdast';
import { ElementScope, isVoid, type Treatment } from './html-elements.js';
import type { InlinePart, Range } from './inline-parts.js';

/** Where a node is in the document. */
export function rangeOf({ position }: Nodes): Range {
  return { start: position!.start.offset!, end: position!.end.offset! };
}

/** The inline parts of a paragraph, a heading or a cell. Their offsets are those of the document. */
export function markdownParts(nodes: readonly PhrasingContent[], document: string): InlinePart[] {
  const scope = new ElementScope();
  return nodes.flatMap((node) => partsOf(node, document, scope));
}

function partsOf(node: PhrasingContent, document: string, scope: ElementScope): InlinePart[] {
  const { start, end } = rangeOf(node);
  if (node.type === 'html') return [htmlPart(node.value, { start, end }, scope)];
  if (scope.text !== 'translate') return [copied(scope.text, { start, end })];
  switch (node.type) {
    case 'text':
      return [{ kind: 'text', start, end, text: node.value }];
    case 'break':
      return [{ kind: 'boundary', start, end }];
    case 'inlineCode':
      return [{ kind: 'verbatim', start, end, isWord: true, name: null }];
    case 'link':
    case 'linkReference':
    case 'emphasis':
    case 'strong':
    case 'delete':
      return markParts(node, document, scope);
    default: // images, references to footnotes
      return [{ kind: 'verbatim', start, end, isWord: false, name: null }];
  }
}

type Mark = Extract<PhrasingContent, { readonly children: readonly PhrasingContent[] }>;

function markParts(node: Mark, document: string, scope: ElementScope): InlinePart[] {
  const { start, end } = rangeOf(node);
  const [first, last] = [node.children[0], node.children.at(-1)];
  if (first === undefined || last === undefined) return [{ kind: 'verbatim', start, end, isWord: false, name: null }];
  const [textStart, textEnd] = [rangeOf(first).start, rangeOf(last).end];
  if (node.type === 'link' && isAddress(document.slice(start, end))) {
    const name = document.slice(textStart, textEnd);
    return [{ kind: 'verbatim', start, end, isWord: true, name }];
  }
  const name = `${node.type} ${start}`;
  return [
    { kind: 'open', start, end: textStart, name },
    ...node.children.flatMap((child) => partsOf(child, document, scope)),
    { kind: 'close', start: textEnd, end, name },
  ];
}

/** Whether a link is an address that links to itself: `https://…` or `<https://…>`. */
const isAddress = (source: string): boolean => !source.startsWith('[');

/** An inline tag, comment … of HTML in Markdown. */
function htmlPart(source: string, range: Range, scope: ElementScope): InlinePart {
  const endTag = /^<\/([a-z][^\s>/]*)/iu.exec(source)?.[1]?.toLowerCase();
  if (endTag !== undefined) return tagPart(scope.leave(endTag) ?? 'boundary', 'close', endTag, range);
  const tag = startTagOf(source);
  if (tag === null) return copied(scope.text === 'translate' ? 'object' : scope.text, range);
  if (tag.name === 'wbr') return { kind: 'text', ...range, text: '' };
  const treatment = scope.enter(tag.name, tag.attributes);
  if (isVoid(tag.name)) scope.leave(tag.name);
  return tagPart(treatment, 'open', tag.name, range);
}

interface StartTag {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

function startTagOf(source: string): StartTag | null {
  let tag: StartTag | null = null;
  const parser = new Parser({
    onopentag(name, attributes) {
      tag = { name, attributes };
    },
  });
  parser.end(source);
  return tag;
}

const tagPart = (treatment: Treatment, kind: 'open' | 'close', name: string, range: Range): InlinePart =>
  treatment === 'mark' ? { kind, ...range, name } : copied(treatment, range);

/** What is not translated. */
const copied = (treatment: Treatment, range: Range): InlinePart =>
  treatment === 'boundary'
    ? { kind: 'boundary', ...range }
    : { kind: 'verbatim', ...range, isWord: treatment === 'word', name: null };
