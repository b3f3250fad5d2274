import pc from 'picocolors';

/** The contents of a progress bar. */
export interface ProgressLine {
  /** The name of the task, e.g. `epoch 003`. */
  readonly label: string;
  /** The progress, e.g. `5/356`. */
  readonly count: string;
  /** Metrics, the most important first. */
  readonly stats: ReadonlyArray<readonly [name: string, value: string | number]>;
  /** The remaining time, e.g. `2m10s`. */
  readonly left: string;
}

const LONGEST_BAR = 24;
/** Below this width the bar is left out, to make room for metrics. */
const SHORTEST_BAR = 8;

/**
 * One line of the terminal: `label bar count  name value  name value  left time`. If the line is too long, the last metrics
 * are left out first, then the bar, the count and the label. The remaining time is always shown.
 * @param columns the width of the terminal; the last column is not used, because some terminals wrap the line there
 * @param drawBar draws a bar that is `size` columns wide
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
