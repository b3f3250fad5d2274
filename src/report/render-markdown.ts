import { composeSvg } from './compose-svg.js';
import { type Block, type Content, type Inline, inlines, type ReportDocument, type Table } from './document.js';
import { escapeMarkdown, markdownCode } from './escape.js';

/** A report in Markdown with its figures as files. */
export interface MarkdownReport {
  readonly text: string;
  /** The name of each figure's file in the folder of figures, with its SVG. */
  readonly figures: readonly { readonly name: string; readonly svg: string }[];
}

/** @param folder the folder of figures relative to the Markdown file, as a link */
export function renderMarkdown({ title, blocks }: ReportDocument, folder: string): MarkdownReport {
  const parts = blocks.map((block) => renderBlock(block, folder));
  const figures = blocks.flatMap((block) =>
    block.kind === 'figure' ? [{ name: `${block.figure.id}.svg`, svg: composeSvg(block.figure) }] : [],
  );
  return { text: `# ${escapeMarkdown(title)}\n\n${parts.join('\n\n')}\n`, figures };
}

function renderBlock(block: Block, folder: string): string {
  switch (block.kind) {
    case 'heading':
      return `${'#'.repeat(block.level)} ${escapeMarkdown(block.text)}`;
    case 'paragraph':
      return block.role === 'warning' ? `> ${renderInlines(block.content)}` : renderInlines(block.content);
    case 'list':
      return block.items.map((item) => `- ${renderInlines(item)}`).join('\n');
    case 'table':
      return renderTable(block.table);
    case 'figure': {
      const { caption, id } = block.figure;
      return `**${escapeMarkdown(caption)}**\n\n![${escapeMarkdown(caption)}](${folder}/${id}.svg)`;
    }
    case 'examples':
      return [
        `### ${escapeMarkdown(block.title)}`,
        ...block.examples.map(({ title, lines }) =>
          [
            `${escapeMarkdown(title)}`,
            '',
            ...lines.map(([name, text]) => `- ${escapeMarkdown(name)}: ${renderInlines(text)}`),
          ].join('\n'),
        ),
      ].join('\n\n');
  }
}

const renderInlines = (content: Content): string => inlines(content).map(renderInline).join('');

function renderInline(inline: Inline): string {
  if (typeof inline === 'string') return escapeMarkdown(inline);
  return inline.style === 'code' ? markdownCode(inline.text) : `**${escapeMarkdown(inline.text)}**`;
}

function renderTable({ caption, columns, rows, notes = [] }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const lines = [
    line(columns.map(({ title }) => escapeMarkdown(title))),
    line(columns.map(({ align }) => (align === 'number' ? '---:' : '---'))),
    ...rows.map((row) => line(row.map(renderInlines))),
  ];
  const small = notes.map((note) => renderInlines(note));
  return [`**${escapeMarkdown(caption)}**`, lines.join('\n'), ...small].join('\n\n');
}
