import { hostname } from 'node:os';
import { join } from 'node:path';
import { log } from '../../log.js';
import { defineOptions } from '../../options/schema.js';
import { attempt } from '../../text/file-errors.js';
import { makeFolder } from '../../text/make-folder.js';
import { EventFile } from './event-file.js';
import { isStatsEvent } from './event-kinds.js';

/** `--tensorboard-logdir` of `train`. */
export const tensorboardOption = defineOptions({
  tensorboardLogdir: {
    kind: 'string',
    default: null,
    metavar: 'DIR',
    group: 'Log',
    help: 'also write the metrics for TensorBoard, to DIR/train, DIR/train_inner and DIR/valid',
  },
});

/**
 * Writes the metrics of the log as fairseq does: one folder per tag and one file per run, with the number of updates as step.
 * @param folder null: nothing is written
 * @returns the function that stops it
 * @throws UserError if the folder cannot be created or, later, written
 */
export function startTensorboard(folder: string | null): () => void {
  if (folder === null) return () => {};
  const flag = `--tensorboard-logdir ${folder}`;
  attempt(flag, 'written', () => makeFolder(folder));
  const files = new Map<string, EventFile>();
  const detach = log.attach((event) => {
    if (!isStatsEvent(event)) return;
    const { tag, stats } = event.fields;
    const wallTime = event.time.getTime() / 1000;
    const metrics = new Map(stats.map(([name, text]) => [name, numberOf(text)]));
    const step = metrics.get('num_updates');
    if (step === undefined) return;
    metrics.delete('num_updates');
    attempt(flag, 'written', () => {
      const file = files.get(tag) ?? createFile(join(folder, tag), wallTime);
      files.set(tag, file);
      file.add({ wallTime, step, values: [...metrics] });
    });
  });
  return () => {
    detach();
    for (const file of files.values()) file.close();
  };
}

function createFile(folder: string, wallTime: number): EventFile {
  makeFolder(folder);
  // TensorBoard reads files with `tfevents` in their name. The last number distinguishes files created in the same second.
  const name = `events.out.tfevents.${Math.floor(wallTime)}.${hostname()}.${process.pid}`;
  for (let number = 0; ; number++) {
    try {
      return new EventFile(join(folder, `${name}.${number}`), wallTime);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** The number that Python printed. */
const numberOf = (text: string): number => Number(text.replace(/^(-?)inf$/, '$1Infinity'));
