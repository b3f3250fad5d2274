import { createRequire } from 'node:module';
import type { SingleBar } from 'cli-progress';
import type { LogEvent } from '../../log.js';
import { isProgressEvent } from './event-kinds.js';
import { formatProgressLine, type ProgressLine } from './progress-line.js';

/** Rounds the remaining time to multiples of 5 seconds, as cli-progress's own format does. */
const ETA_STEP = 5;

/** A bar on stderr with position, metrics and remaining time; log lines are printed above it. */
export class ProgressBar {
  #bar: SingleBar | null = null;
  #label = '';

  update(event: LogEvent): void {
    if (!isProgressEvent(event)) return;
    const { label, position, total, stats = [] } = event.fields;
    if (this.#bar === null || label !== this.#label) this.#start(label, total);
    this.#bar!.update(position, { stats });
    if (position >= total) this.stop();
  }

  /** Erases the bar, so that a line can be printed in its place; the next update draws it again. */
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
    // Loaded for the first bar only: most commands run without a terminal.
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
