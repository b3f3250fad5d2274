import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach } from 'vitest';
import { loadCheckpoint } from '../../src/checkpoint/checkpoint.js';
import { type LogEvent, log } from '../../src/log.js';
import type { StatsEvent } from '../../src/training/events.js';

/** Records the log of the current test. */
export function recordLog(): { readonly events: LogEvent[]; messages(): string[]; stats(kind: string): StatsEvent[] } {
  const events: LogEvent[] = [];
  beforeEach(() => {
    events.length = 0;
    return log.attach((event) => void events.push(event));
  });
  return {
    events,
    messages: () => events.filter(({ kind }) => kind === 'message').map(({ fields }) => String(fields.message)),
    stats: (wanted) => events.filter(({ kind }) => kind === wanted).map(({ fields }) => fields as StatsEvent),
  };
}

/**
 * Whether two checkpoints have the same tensors, and the largest difference of their elements.
 * @param without names of tensors that are not compared
 */
export function compareCheckpoints(
  a: string,
  b: string,
  without: RegExp | null = null,
): { readonly names: boolean; readonly difference: number } {
  const [ours, theirs] = [a, b].map((stem) => {
    const { weights, optimizer, ema } = loadCheckpoint(stem, { optimizer: true, ema: true });
    return [...weights, ...(optimizer ?? []), ...(ema ?? [])].filter(([name]) => !without?.test(name));
  });
  let difference = 0;
  for (const [place, [, { data }]] of ours!.entries()) {
    const other = theirs![place]![1].data;
    for (let index = 0; index < data.length; index++) {
      difference = Math.max(difference, Math.abs(Number(data[index]) - Number(other[index])));
    }
  }
  const names = [ours!, theirs!].map((tensors) => tensors.map(([name]) => name).join());
  return { names: names[0] === names[1], difference };
}

export const bytesOf = (folder: string, name: string): Buffer => readFileSync(join(folder, `${name}.safetensors`));
