import type { DroppedMarks, TextTranslation } from '../../inference/translator.js';
import { log } from '../../log.js';

/** The number of warnings of one kind that are printed. */
const MOST_WARNINGS = 5;

/** A line with a larger share of unknown tokens is reported. */
const MANY_UNKNOWN = 0.5;

/** Reports what a reader of the translation should know. */
export class TranslationWarnings {
  #printed = 0;
  #omitted = 0;
  #hasUnknown = false;
  #dropped: DroppedMarks | null = null;

  /** @param firstLine the line in which the text begins */
  check({ sentences, unknownRatio, droppedMarks }: TextTranslation, firstLine: number): void {
    if (unknownRatio > MANY_UNKNOWN && !this.#hasUnknown) {
      this.#hasUnknown = true;
      log.warning(
        `line ${firstLine}: the model does not know ${Math.round(100 * unknownRatio)} % of the tokens; it may be made for another language, or for lowercase text`,
      );
    }
    for (const { lost, problem, line = firstLine } of sentences) {
      if (problem !== null) this.#warn(`line ${line}: ${problem}: not translated`);
      if (lost.length > 0) this.#warn(`line ${line}: the translation lacks ${lost.join(' ')}`);
    }
    if (droppedMarks !== undefined) {
      this.#dropped = {
        count: (this.#dropped?.count ?? 0) + droppedMarks.count,
        line: this.#dropped?.line ?? droppedMarks.line,
      };
    }
  }

  summarize(): void {
    if (this.#omitted > 0) log.warning(`${this.#omitted} more warnings of this kind; --json lists all of them`);
    if (this.#dropped === null) return;
    const { count, line } = this.#dropped;
    log.warning(
      count === 1
        ? `the translation lacks an inline mark (bold, a link …), in line ${line}`
        : `the translation lacks ${count} inline marks (bold, links …), the first in line ${line}`,
    );
  }

  #warn(message: string): void {
    this.#printed += 1;
    if (this.#printed <= MOST_WARNINGS) log.warning(message);
    else this.#omitted += 1;
  }
}
