import type { Profiler } from '../devices/device.js';
import { logProfile } from '../devices/profile.js';
import { log } from '../log.js';

/** The update of the process that is profiled. By then, oneDNN primitives are cached and memory is warm. */
const PROFILED_UPDATE = 20;

/** Profiles one update for `--profile`, from the end of the previous update to its own log line. */
export class UpdateProfile {
  #updates = 0;

  constructor(readonly profiler: Profiler) {}

  /** Call after an update is logged. @param updates the number of completed updates of the run */
  endOfUpdate(updates: number): void {
    this.#updates += 1;
    if (this.#updates === PROFILED_UPDATE) logProfile(`update ${updates}`, this.profiler.end());
  }

  /** Call directly before the next update, after any validation and saving. */
  beforeNextUpdate(): void {
    if (this.#updates === PROFILED_UPDATE - 1) this.profiler.start();
  }

  /** Call when training has ended. */
  end(): void {
    if (this.#updates < PROFILED_UPDATE) {
      log.warning(
        `--profile: no profile, because training ended after ${this.#updates} updates, before update ${PROFILED_UPDATE}`,
      );
    }
  }
}
