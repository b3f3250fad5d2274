import { createRequire } from 'node:module';
import type { SingleBar } from 'cli-progress';
import pc from 'picocolors';
import type { LogEvent } from '../log.js';

/** What long work reports as it goes: `log.info('progress', …)`. */
export interface ProgressFields {
  /** What is going on, e.g. `epoch 003`, `translating`. One bar lives per label. */
  readonly label: string;
  readonly position: number;
  readonly total: number;
  /** Figures after the bar, e.g. `[['loss', '4.2'], ['wps', '3100']]`. */
  readonly stats?: ReadonlyArray<readonly [string, string | number]>;
}

/** A bar on stderr with position, figures and the time left; log lines are printed above it. */
export class ProgressBar {
  #bar: SingleBar | null = null;
  #label = '';

  update(event: LogEvent): void {
    if (event.kind !== 'progress') return;
    const { label, position, total, stats = [] } = event.fields as unknown as ProgressFields;
    if (this.#bar === null || label !== this.#label) this.#start(label, total);
    const figures = stats.map(([name, value]) => `${pc.dim(name)} ${value}`).join('  ');
    this.#bar!.update(position, { figures });
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
    this.#bar = new progress.SingleBar(
      {
        format: `${pc.bold(label)} {bar} {value}/{total}  {figures}  ${pc.dim('left')} {eta_formatted}`,
        stream: process.stderr,
        clearOnComplete: true,
        hideCursor: null,
        barsize: 24,
        fps: 5,
        etaBuffer: 50,
      },
      progress.Presets.shades_classic,
    );
    this.#bar.start(total, 0, { figures: '' });
  }
}
