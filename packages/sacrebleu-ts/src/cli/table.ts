import { visibleLength } from './colors.js';

/** Rows of cells under a header; a cell may have several lines. */
export interface Table {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The minimum difference between the widths of a column and its title. */
const MIN_PADDING = 2;

/** Python's `tabulate(…, tablefmt='fancy_grid')` with the first column right-aligned and the others centred. */
export function fancyGrid(table: Table): string {
  const widths = widthsOf(table);
  const rule = (left: string, fill: string, middle: string, right: string): string =>
    `${left}${widths.map((width) => fill.repeat(width + 2)).join(middle)}${right}`;
  const row = (cells: readonly string[]): string =>
    linesOf(cells)
      .map((line) => `│${aligned(line, widths).join('│')}│`)
      .join('\n');
  return [
    rule('╒', '═', '╤', '╕'),
    row(table.header),
    rule('╞', '═', '╪', '╡'),
    table.rows.map(row).join(`\n${rule('├', '─', '┼', '┤')}\n`),
    rule('╘', '═', '╧', '╛'),
  ].join('\n');
}

const LATEX: Readonly<Record<string, string>> = {
  '&': '\\&',
  '%': '\\%',
  $: '\\$',
  '#': '\\#',
  _: '\\_',
  '^': '\\^{}',
  '{': '\\{',
  '}': '\\}',
  '~': '\\textasciitilde{}',
  '\\': '\\textbackslash{}',
  '<': '\\ensuremath{<}',
  '>': '\\ensuremath{>}',
};

/** Python's `tabulate(…, tablefmt='latex_booktabs')` with the same alignment. */
export function latexTable(table: Table): string {
  const widths = widthsOf(table);
  const row = (cells: readonly string[]): string =>
    `${aligned(cells, widths)
      .map((cell) => cell.replace(/[&%$#_^{}~\\<>]/g, (character) => LATEX[character]!))
      .join('&')}\\\\`;
  return [
    `\\begin{tabular}{r${'c'.repeat(widths.length - 1)}}`,
    '\\toprule',
    row(table.header),
    '\\midrule',
    ...table.rows.map(row),
    '\\bottomrule',
    '\\end{tabular}',
  ].join('\n');
}

function widthsOf({ header, rows }: Table): number[] {
  return header.map((title, column) =>
    Math.max(
      visibleLength(title) + MIN_PADDING,
      ...rows.flatMap((row) => row[column]!.split('\n').map((line) => visibleLength(line))),
    ),
  );
}

/** The lines of a row, each with one text per column. */
function linesOf(cells: readonly string[]): string[][] {
  const parts = cells.map((cell) => cell.split('\n'));
  const height = Math.max(...parts.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) => parts.map((lines) => lines[line] ?? ''));
}

/** Pads the cells to their widths, with a space on both sides. */
function aligned(cells: readonly string[], widths: readonly number[]): string[] {
  return cells.map((cell, column) => {
    const space = widths[column]! - visibleLength(cell);
    const left = column === 0 ? space : Math.floor(space / 2);
    return ` ${' '.repeat(left)}${cell}${' '.repeat(space - left)} `;
  });
}
