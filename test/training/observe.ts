import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach } from 'vitest';
import { type LogEvent, log } from '../../src/log.js';
import type { StatsEvent } from '../../src/training/events.js';

/** A folder for one test file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ts-fairseq-training-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The log of the test that is running. */
export function recordLog(): { readonly events: LogEvent[]; messages(): string[]; stats(kind: string): StatsEvent[] } {
  const events: LogEvent[] = [];
  beforeEach(() => {
    events.length = 0;
    return log.attach((event) => void events.push(event));
  });
  return {
    events,
    messages: () => events.filter(({ kind }) => kind === 'message').map(({ fields }) => String(fields.message)),
    stats: (wanted) =>
      events.filter(({ kind }) => kind === wanted).map(({ fields }) => fields as unknown as StatsEvent),
  };
}

export const bytesOf = (folder: string, name: string): Buffer => readFileSync(join(folder, `${name}.safetensors`));
