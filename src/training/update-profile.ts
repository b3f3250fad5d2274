import type { Profiler } from '../devices/device.js';
import { logProfile } from '../devices/profile.js';
import { log } from '../log.js';

/** Which update of a process is profiled: by then the primitives are made and memory has been used before. */
export const PROFILED_UPDATE = 20;

/** `--profile`: times one whole update, from the end of the one before to its log line. */
export class UpdateProfile {
  #updates = 0;

  constructor(readonly profiler: Profiler) {}

  /** To be called when an update has been logged. @param updates of the whole run */
  endOfUpdate(updates: number): void {
    this.#updates += 1;
    if (this.#updates === PROFILED_UPDATE) logProfile(`update ${updates}`, this.profiler.end());
  }

  /** To be called when nothing stands between an update, its validation and saving included, and the next. */
  beforeNextUpdate(): void {
    if (this.#updates === PROFILED_UPDATE - 1) this.profiler.start();
  }

  /** To be called when training is over. */
  end(): void {
    if (this.#updates < PROFILED_UPDATE) {
      log.warning(
        `--profile: no profile, training ended after ${this.#updates} updates; it is of update ${PROFILED_UPDATE}`,
      );
    }
  }
}
