import { escapeHtml } from './escape.js';
import type { Figure, LegendEntry, Panel } from './figure.js';

const MARGIN = 12;
const GAP = 16;
const TITLE_HEIGHT = 22;
const LEGEND_HEIGHT = 24;
/** Pixels that a legend takes per character and beside its text. */
const CHARACTER = 7;
const SWATCH = 54;

/** A figure as one SVG file: the legend, then the panels two in a row. */
export function composeSvg({ caption, legend, panels }: Figure): string {
  const columns = panels.length === 1 ? 1 : 2;
  const panelWidth = Math.max(...panels.map(({ width }) => width));
  const panelHeight = Math.max(...panels.map(({ height }) => height)) + TITLE_HEIGHT;
  const width = 2 * MARGIN + columns * panelWidth + (columns - 1) * GAP;
  const { items, height: legendHeight } = layLegend(legend, width);
  const height = 2 * MARGIN + legendHeight + Math.ceil(panels.length / columns) * panelHeight;
  const drawn = panels.map((panel, index) =>
    placePanel(
      panel,
      MARGIN + (index % columns) * (panelWidth + GAP),
      MARGIN + legendHeight + Math.floor(index / columns) * panelHeight,
    ),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="13" role="img">
<title>${escapeHtml(caption)}</title>
<rect width="${width}" height="${height}" fill="#fff"/>
${[...items, ...drawn].join('\n')}
</svg>
`;
}

function placePanel({ title, svg }: Panel, x: number, y: number): string {
  const heading =
    title === '' ? '' : `<text x="${x}" y="${y + 14}" font-weight="600" fill="#57606a">${escapeHtml(title)}</text>\n`;
  return `${heading}${svg.replace('<svg ', `<svg x="${x}" y="${y + TITLE_HEIGHT}" color="#1c2128" `)}`;
}

function layLegend(legend: readonly LegendEntry[], width: number): { items: string[]; height: number } {
  let x = MARGIN;
  let row = 0;
  const items = legend.map(({ name, color, dash }) => {
    const needed = SWATCH + CHARACTER * name.length;
    if (x > MARGIN && x + needed > width) [x, row] = [MARGIN, row + 1];
    const y = MARGIN + row * LEGEND_HEIGHT + LEGEND_HEIGHT / 2;
    const dashes = dash === '' ? '' : ` stroke-dasharray="${dash}"`;
    const line = `<line x1="${x}" y1="${y}" x2="${x + 28}" y2="${y}" stroke="${color}" stroke-width="3"${dashes}/>`;
    const text = `<text x="${x + 36}" y="${y + 4}" fill="#1c2128">${escapeHtml(name)}</text>`;
    x += needed;
    return line + text;
  });
  return { items, height: legend.length === 0 ? 0 : (row + 1) * LEGEND_HEIGHT };
}
