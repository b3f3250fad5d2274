import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach } from 'vitest';
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

export const bytesOf = (folder: string, name: string): Buffer => readFileSync(join(folder, `${name}.safetensors`));
