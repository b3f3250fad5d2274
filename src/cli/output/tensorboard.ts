import { hostname } from 'node:os';
import { join } from 'node:path';
import { log } from '../../log.js';
import { defineOptions } from '../../options/schema.js';
import { attempt } from '../../text/file-errors.js';
import { makeFolder } from '../../text/make-folder.js';
import type { StatsEvent } from '../../training/events.js';
import { EventFile } from './event-file.js';

/** `--tensorboard-logdir` of `train`. */
export const tensorboardOption = defineOptions({
  tensorboardLogdir: {
    kind: 'string',
    default: null,
    metavar: 'DIR',
    group: 'Log',
    help: 'write the metrics for TensorBoard too, into DIR/train, DIR/train_inner and DIR/valid',
  },
});

const STATS_KINDS: ReadonlySet<string> = new Set(['train_inner', 'train', 'valid']);

/**
 * Writes the metrics of the log as fairseq does: a folder for each tag, a file for each run, at the number of updates.
 * @param folder null: nothing is written
 * @returns the function that ends it
 * @throws UserError where the folder cannot be made or, later, written
 */
export function startTensorboard(folder: string | null): () => void {
  if (folder === null) return () => {};
  const flag = `--tensorboard-logdir ${folder}`;
  attempt(flag, 'written', () => makeFolder(folder));
  const files = new Map<string, EventFile>();
  const detach = log.attach(({ kind, fields, time }) => {
    if (!STATS_KINDS.has(kind)) return;
    const { tag, stats } = fields as unknown as StatsEvent;
    const wallTime = time.getTime() / 1000;
    const metrics = new Map(stats.map(([name, text]) => [name, numberOf(text)]));
    const step = metrics.get('num_updates');
    if (step === undefined) return;
    metrics.delete('num_updates');
    attempt(flag, 'written', () => {
      const file = files.get(tag) ?? begin(join(folder, tag), wallTime);
      files.set(tag, file);
      file.add({ wallTime, step, values: [...metrics] });
    });
  });
  return () => {
    detach();
    for (const file of files.values()) file.close();
  };
}

function begin(folder: string, wallTime: number): EventFile {
  makeFolder(folder);
  // TensorBoard takes what has `tfevents` in its name; the number at the end tells apart what one second has begun.
  const name = `events.out.tfevents.${Math.floor(wallTime)}.${hostname()}.${process.pid}`;
  for (let number = 0; ; number++) {
    try {
      return new EventFile(join(folder, `${name}.${number}`), wallTime);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** A figure as Python prints it. */
const numberOf = (text: string): number => Number(text.replace(/^(-?)inf$/, '$1Infinity'));
