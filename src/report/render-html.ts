import {
  type Block,
  type Content,
  type Example,
  type Inline,
  inlines,
  type ReportDocument,
  type Table,
} from './document.js';
import { escapeHtml } from './escape.js';
import { type Figure, figureId, type LegendEntry } from './figure.js';
import { STYLE } from './style.js';

/** Sections that start a page on paper. */
const PAGES = /^(Learning curves|Analyses|Translations|Configuration|Appendix)/;

/** One file that opens without a network and reads without scripts. */
export function renderHtml({ title, blocks }: ReportDocument): string {
  const firstSection = blocks.findIndex(({ kind }) => kind === 'heading');
  const split = firstSection < 0 ? blocks.length : firstSection;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${blocks.slice(0, split).map(renderBlock).join('\n')}
${contents(blocks)}
${blocks.slice(split).map(renderBlock).join('\n')}
</main>
</body>
</html>
`;
}

/** Links to the sections. */
function contents(blocks: readonly Block[]): string {
  const links = blocks.flatMap((block) =>
    block.kind === 'heading' && block.level === 2
      ? [`<a href="#${figureId(block.text)}">${escapeHtml(block.text)}</a>`]
      : [],
  );
  return links.length === 0 ? '' : `<nav aria-label="Sections">${links.join('\n')}</nav>`;
}

function renderBlock(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return renderHeading(block.text, block.level);
    case 'paragraph':
      return `<p${block.role === 'text' ? '' : ` class="${block.role}"`}>${renderInlines(block.content)}</p>`;
    case 'list':
      return `<ul>${block.items.map((item) => `<li>${renderInlines(item)}</li>`).join('\n')}</ul>`;
    case 'table':
      return renderTable(block.table);
    case 'figure':
      return renderFigure(block.figure);
    case 'examples':
      return `<h3>${escapeHtml(block.title)}</h3>\n${block.examples.map(renderExample).join('\n')}`;
  }
}

function renderHeading(text: string, level: 2 | 3): string {
  if (level === 3) return `<h3>${escapeHtml(text)}</h3>`;
  return `<h2 id="${figureId(text)}"${PAGES.test(text) ? ' class="section"' : ''}>${escapeHtml(text)}</h2>`;
}

const TAGS = { strong: 'strong', code: 'code', mark: 'mark' } as const;

const renderInlines = (content: Content): string => inlines(content).map(renderInline).join('');

function renderInline(inline: Inline): string {
  if (typeof inline === 'string') return withFixedSpaces(escapeHtml(inline));
  const tag = TAGS[inline.style];
  return `<${tag}>${escapeHtml(inline.text)}</${tag}>`;
}

/** Keeps a number on one line with its sign or unit: `35.5 ± 0.1`, `95 %`, `p = 0.01`, `0.2 to 0.6`, `0.4 BLEU`. */
const withFixedSpaces = (html: string): string =>
  html
    .replace(/(?<=\d) (?=%|×|±|BLEU|to −?\d)/g, '\u00a0')
    .replace(/(?<=[\d\u00a0]to|±) (?=[−\d])/g, '\u00a0')
    .replace(/\bp (=|&lt;) (?=\d)/g, 'p\u00a0$1\u00a0');

function renderTable({ caption, columns, rows, notes = [] }: Table): string {
  const classOf = (index: number): string => (columns[index]!.align === 'number' ? ' class="number"' : '');
  const head = columns.map(({ title }, index) => `<th scope="col"${classOf(index)}>${escapeHtml(title)}</th>`);
  const body = rows.map((row) => {
    const cells = row.map((cell, index) => {
      const text = renderInlines(cell);
      return index === 0 ? `<th scope="row">${text}</th>` : `<td${classOf(index)}>${text}</td>`;
    });
    return `<tr>${cells.join('')}</tr>`;
  });
  const table = `<table aria-label="${escapeHtml(caption)}">
<thead><tr>${head.join('')}</tr></thead>
<tbody>
${body.join('\n')}
</tbody></table>`;
  const small = notes.map((note) => `<p>${renderInlines(note)}</p>`).join('\n');
  return `<p class="caption">${escapeHtml(caption)}</p>
<div class="scroll" tabindex="0">${table}</div>${small === '' ? '' : `\n<div class="notes">${small}</div>`}`;
}

function renderFigure({ caption, legend, panels }: Figure): string {
  const isWide = panels.length === 1 && panels[0]!.width > 600;
  const drawn = panels.map(({ title, svg }) => {
    const label = escapeHtml(title === '' ? caption : `${title}: ${caption}`);
    const heading = title === '' ? '' : `<p class="panel-title">${escapeHtml(title)}</p>`;
    return `<div class="panel">${heading}${svg.replace('<svg ', `<svg role="img" aria-label="${label}" `)}</div>`;
  });
  return `<figure>
<figcaption>${escapeHtml(caption)}</figcaption>
${renderLegend(legend)}<div class="panels${isWide ? ' wide' : ''}">
${drawn.join('\n')}
</div>
</figure>`;
}

function renderLegend(legend: readonly LegendEntry[]): string {
  if (legend.length === 0) return '';
  const items = legend.map(({ name, color, dash }) => {
    const dashes = dash === '' ? '' : ` stroke-dasharray="${dash}"`;
    const line = `<line x1="0" y1="5" x2="28" y2="5" stroke="${color}" stroke-width="3"${dashes}/>`;
    return `<li><svg viewBox="0 0 28 10" aria-hidden="true">${line}</svg>${escapeHtml(name)}</li>`;
  });
  return `<ul class="legend">${items.join('')}</ul>\n`;
}

function renderExample({ title, lines }: Example): string {
  const items = lines.map(([name, text]) => `<dt>${escapeHtml(name)}</dt><dd dir="auto">${renderInlines(text)}</dd>`);
  return `<section class="example"><h4>${escapeHtml(title)}</h4><dl>${items.join('\n')}</dl></section>`;
}
