import pc from 'picocolors';

/** What a progress bar says. */
export interface ProgressLine {
  /** What is going on, e.g. `epoch 003`. */
  readonly label: string;
  /** How far it is, e.g. `5/356`. */
  readonly count: string;
  /** Figures by name, the most important first. */
  readonly stats: ReadonlyArray<readonly [name: string, value: string | number]>;
  /** The time left, e.g. `2m10s`. */
  readonly left: string;
}

const LONGEST_BAR = 24;
/** A shorter one shows little: a figure takes its place. */
const SHORTEST_BAR = 8;

/**
 * One line of the terminal: `label bar count  name value  name value  left time`. Where not all of it fits, the last metrics
 * go first, then the bar, the count and the label: the time left always stays.
 * @param columns of the terminal, of which the last one stays free: some terminals go on to the next line there
 * @param drawBar draws a bar `size` columns wide
 */
export function formatProgressLine(
  { label, count, stats, left }: ProgressLine,
  columns: number,
  drawBar: (size: number) => string,
): string {
  const time = `${pc.dim('left')} ${left}`;
  let room = columns - 1 - 'left '.length - left.length;
  const takes = (width: number): boolean => {
    if (width > room) return false;
    room -= width;
    return true;
  };
  const hasLabel = takes(label.length + 1);
  const hasCount = takes(count.length + 2);
  const hasBar = hasLabel && hasCount && takes(SHORTEST_BAR + 1);
  const cut = hasBar ? stats.findIndex(([name, value]) => !takes(widthOf(name, value))) : 0;
  const metrics = cut < 0 ? stats : stats.slice(0, cut);
  const size = Math.min(SHORTEST_BAR + room, LONGEST_BAR);
  return [
    hasLabel ? `${pc.bold(label)} ` : '',
    hasBar ? `${drawBar(size)} ` : '',
    hasCount ? `${count}  ` : '',
    ...metrics.map(([name, value]) => `${pc.dim(name)} ${value}  `),
    time,
  ].join('');
}

const widthOf = (name: string, value: string | number): number => `${name} ${value}  `.length;
