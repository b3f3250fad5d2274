import { joinWorkers } from '../distributed/join.js';
import type { Workers } from '../distributed/workers.js';
import { UserError } from '../errors.js';
import type { OptionsOf } from '../options/schema.js';
import { type logOptions, startLog } from './output/log-sink.js';

/**
 * Runs a command together with the other processes that mpirun started, or alone. If one of them exits with an error, all of
 * them end.
 * @param heartbeatTimeout the seconds that one waits for another; 0 or less: for ever
 */
export async function withWorkers(heartbeatTimeout: number, work: (workers: Workers) => Promise<void>): Promise<void> {
  const workers = await joinWorkers(heartbeatTimeout);
  if (workers.size > 1) {
    process.once('exit', (code) => {
      if (code !== 0) workers.world.abort(code);
    });
  }
  try {
    await work(workers);
    await workers.leave();
  } catch (error) {
    throw workers.size === 1 || workers.isOfAll(error) ? error : withRank(workers.name, error);
  }
}

/** Starts the log of the command on the first rank. @returns the function that stops it */
export const startSharedLog = (workers: Workers, options: OptionsOf<typeof logOptions>): (() => void) =>
  workers.isFirst ? startLog(options) : () => {};

/** An error whose message names the rank. */
function withRank(rank: string, error: unknown): unknown {
  if (error instanceof UserError) return new UserError(`${rank}: ${error.problem}`, error.remedy, { cause: error });
  if (!(error instanceof Error)) return new Error(`${rank}: ${String(error)}`);
  error.message = `${rank}: ${error.message}`;
  error.stack = `${rank}: ${error.stack}`;
  return error;
}
