import { createRequire } from 'node:module';
import type { SingleBar } from 'cli-progress';
import type { LogEvent } from '../../log.js';
import { formatProgressLine, type ProgressLine } from './progress-line.js';

/** Seconds by which the time left changes, as in cli-progress's own format. */
const ETA_STEP = 5;

/** What long work reports as it goes: `log.info('progress', …)`. */
export interface ProgressFields {
  /** What is going on, e.g. `epoch 003`, `translating`. One bar lives per label. */
  readonly label: string;
  readonly position: number;
  readonly total: number;
  /** Figures after the bar, e.g. `[['loss', '4.2'], ['wps', '3100']]`. */
  readonly stats?: ReadonlyArray<readonly [string, string | number]>;
}

/** A bar on stderr with position, metrics and the time left; log lines are printed above it. */
export class ProgressBar {
  #bar: SingleBar | null = null;
  #label = '';

  update(event: LogEvent): void {
    if (event.kind !== 'progress') return;
    const { label, position, total, stats = [] } = event.fields as unknown as ProgressFields;
    if (this.#bar === null || label !== this.#label) this.#start(label, total);
    this.#bar!.update(position, { stats });
    if (position >= total) this.stop();
  }

  /** Takes the bar off the screen so that a line can be printed in its place; the next update draws it again. */
  clear(): void {
    if (this.#bar !== null) process.stderr.write('\r\u001b[K');
  }

  stop(): void {
    this.#bar?.stop();
    this.#bar = null;
  }

  #start(label: string, total: number): void {
    this.stop();
    this.#label = label;
    // Loaded when the first bar is drawn: most commands have no terminal.
    const progress = createRequire(import.meta.url)('cli-progress') as typeof import('cli-progress');
    const { BarFormat, TimeFormat } = progress.Format;
    this.#bar = new progress.SingleBar(
      {
        format: (options, { progress, value, total, eta, maxWidth }, { stats }: Pick<ProgressLine, 'stats'>) => {
          const line = { label, count: `${value}/${total}`, stats, left: TimeFormat(eta, options, ETA_STEP) };
          return formatProgressLine(line, maxWidth, (barsize) => BarFormat(progress, { ...options, barsize }));
        },
        stream: process.stderr,
        clearOnComplete: true,
        hideCursor: null,
        fps: 5,
        etaBuffer: 50,
      },
      progress.Presets.shades_classic,
    );
    this.#bar.start(total, 0, { stats: [] });
  }
}
