import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** A temporary folder for a test file, suite or test; removed after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ts-fairseq-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
