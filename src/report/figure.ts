/** A figure of one or more panels with a common legend. */
export interface Figure {
  /** Unique in its report, and the name of its file. */
  readonly id: string;
  readonly caption: string;
  readonly legend: readonly LegendEntry[];
  readonly panels: readonly Panel[];
}

/** A name and its colour. */
export interface LegendEntry {
  readonly name: string;
  readonly color: string;
  /** An SVG dash pattern; empty for a solid line. */
  readonly dash: string;
}

/** One plot of a figure, with its title. */
export interface Panel {
  readonly title: string;
  readonly svg: string;
  readonly width: number; // pixels
  readonly height: number;
}

/** Okabe and Ito's palette without its yellow, which is too light for lines on white. */
const COLORS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000'] as const;
const DASHES = ['', '6 3', '2 3', '8 3 2 3'] as const;

/** A colour for each name; after the last colour they repeat with dashed lines. */
export const legendOf = (names: readonly string[]): LegendEntry[] =>
  names.map((name, index) => ({
    name,
    color: COLORS[index % COLORS.length]!,
    dash: DASHES[Math.floor(index / COLORS.length) % DASHES.length]!,
  }));

/** `Curves de-en` → `curves-de-en` */
export const figureId = (...parts: readonly string[]): string =>
  parts
    .join(' ')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
