import { createHash } from 'node:crypto';
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { withoutForbidden } from './escape.js';
import type { LegendEntry, Panel } from './figure.js';
import { highest, lowest } from './numbers.js';

const { document } = parseHTML('<!doctype html><html><body></body></html>');

const WIDTH = 420;
const HEIGHT = 250;

type Point = readonly [x: number, y: number];

/** A line through points; `weight` says how it looks beside others. */
export interface Line {
  readonly entry: LegendEntry;
  readonly weight: 'thin' | 'thick';
  readonly points: readonly Point[];
}

/** What `linePlot` draws. */
export interface LinePlot {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly lines: readonly Line[];
  readonly yDomain?: readonly [number, number];
  /** The highest y to show; lines are cut there. */
  readonly top?: number;
  readonly xDomain?: readonly [number, number];
  /** How a line runs between its points. */
  readonly curve?: 'linear' | 'step';
  /** Marks the points of thick lines. */
  readonly hasDots?: boolean;
  /** Draws y = x. */
  readonly hasDiagonal?: boolean;
  /** For an axis that counts. */
  readonly hasWholeX?: boolean;
}

/** Draws lines over a common axis. */
export function linePlot(plot: LinePlot): Panel {
  const { title, lines, xLabel, yLabel, xDomain, curve = 'linear', top } = plot;
  const points = lines.flatMap((line) => line.points);
  const xs = points.map(([x]) => x);
  const ticks = plot.hasWholeX === true ? wholeTicks(lowest(xs), highest(xs)) : undefined;
  const yDomain = plot.yDomain ?? (top === undefined ? undefined : [lowest(points.map(([, y]) => y)), top]);
  const drawn = [
    ...lines.filter(({ weight }) => weight === 'thin'),
    ...lines.filter(({ weight }) => weight === 'thick'),
  ];
  return render(title, {
    ...{ width: WIDTH, height: HEIGHT, marginTop: 28, marginBottom: 40, marginLeft: 52, clip: top !== undefined },
    x: {
      ...{ label: xLabel, labelAnchor: 'center', labelOffset: 36 },
      ...{ ticks, tickFormat: ticks && String, ...(xDomain && { domain: [...xDomain] }) },
    },
    y: { label: yLabel, grid: true, nice: plot.yDomain === undefined, ...(yDomain && { domain: [...yDomain] }) },
    marks: [
      ...(plot.hasDiagonal === true ? [diagonal()] : []),
      ...drawn.flatMap((line) => lineMarks(line, curve, plot.hasDots === true)),
    ],
  });
}

const diagonal = () =>
  Plot.line(
    [
      [0, 0],
      [1, 1],
    ],
    { stroke: '#888', strokeDasharray: '3 3' },
  );

function lineMarks({ entry, weight, points }: Line, curve: 'linear' | 'step', hasDots: boolean) {
  const isThick = weight === 'thick';
  const style = {
    stroke: entry.color,
    strokeWidth: isThick ? 2.25 : 0.75,
    strokeOpacity: isThick ? 1 : 0.45,
    ...(entry.dash !== '' && { strokeDasharray: entry.dash }),
  };
  const place = { x: ([x]: Point) => x, y: ([, y]: Point) => y };
  const line = Plot.line(points, { ...place, ...style, curve });
  // A single point has no line.
  const isDotted = (hasDots && isThick) || points.length === 1;
  return isDotted ? [line, Plot.dot(points, { ...place, r: isThick ? 3 : 2, fill: entry.color })] : [line];
}

/** At most eight whole numbers from `low` to `high`. */
function wholeTicks(low: number, high: number): number[] {
  const steps = [1, 2, 5].flatMap((step) => [1, 10, 100, 1000, 10_000].map((power) => step * power));
  const step = steps.sort((a, b) => a - b).find((size) => (high - low) / size <= 8) ?? high - low;
  const first = Math.ceil(low / step) * step;
  return Array.from({ length: Math.floor((high - first) / step) + 1 }, (_, index) => first + index * step);
}

/** One row of dots per name. */
export interface DotPlot {
  readonly title: string;
  readonly xLabel: string;
  readonly rows: readonly DotRow[];
  /** Draws x = 0. */
  readonly hasZero?: boolean;
}

/** A row of a dot plot. */
export interface DotRow {
  readonly name: string;
  readonly color: string;
  readonly dots: readonly number[];
  /** Drawn as a bold mark. */
  readonly center: number;
  readonly interval: readonly [number, number] | null;
}

const ROW_HEIGHT = 28;
/** Characters that fit beside a row. */
const MOST_CHARACTERS = 40;

const shortened = (name: string): string =>
  name.length > MOST_CHARACTERS ? `${name.slice(0, MOST_CHARACTERS - 1)}…` : name;

/** Draws one row of dots per system. */
export function dotPlot({ title, xLabel, rows, hasZero = false }: DotPlot): Panel {
  const longest = Math.max(...rows.map(({ name }) => name.length));
  const spread = rows.flatMap(({ name, color, dots }) => dots.map((x) => ({ name, color, x })));
  const intervals = rows.flatMap(({ name, color, interval }) =>
    interval === null ? [] : [{ name, color, low: interval[0], high: interval[1] }],
  );
  return render(title, {
    width: 2 * WIDTH,
    height: 52 + ROW_HEIGHT * rows.length,
    marginLeft: 24 + 7 * Math.min(MOST_CHARACTERS, longest),
    marginRight: 24,
    marginTop: 10,
    marginBottom: 36,
    x: { label: xLabel, grid: true, nice: true, labelAnchor: 'center' },
    y: { label: null, domain: rows.map(({ name }) => name), tickSize: 0, tickFormat: shortened },
    marks: [
      ...(hasZero ? [Plot.ruleX([0], { stroke: '#444' })] : []),
      Plot.link(intervals, { x1: 'low', x2: 'high', y: 'name', stroke: 'color', strokeWidth: 2 }),
      Plot.dot(spread, { x: 'x', y: 'name', r: 3, stroke: 'color', strokeOpacity: 0.7 }),
      Plot.tickX(rows, { x: 'center', y: 'name', stroke: 'color', strokeWidth: 3, insetTop: 6, insetBottom: 6 }),
    ],
  });
}

function render(title: string, options: Plot.PlotOptions): Panel {
  const element = Plot.plot({
    ...options,
    document: document,
    style: { fontSize: '12px' },
  });
  const { width = WIDTH, height = HEIGHT } = options;
  return { title, svg: tidy(element.outerHTML), width, height };
}

/**
 * Drops the style sheet, which pages have once, and digits below a hundredth of a pixel. Plot numbers the names of its clip
 * paths since the start of the process; here they depend on the drawing alone, and are unique among drawings.
 */
function tidy(svg: string): string {
  const rounded = withoutForbidden(svg)
    .replace(/<style>.*?<\/style>/s, '')
    .replace(/ class="plot-[0-9a-f]+"/g, '')
    .replace(/ (?:d|transform|x|y|x1|x2|y1|y2|cx|cy|width|height)="[^"]*"/g, (attribute) =>
      attribute.replace(/-?\d+\.\d{3,}(?:e-?\d+)?/g, (number) => String(Math.round(Number(number) * 100) / 100)),
    )
    .replace(/plot-clip-\d+/g, 'clip');
  const name = createHash('sha256').update(rounded).digest('hex').slice(0, 8);
  return rounded.replace(/(?<=id="|url\(#)clip(?=[")])/g, `clip-${name}`);
}
