import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** A folder of a test file's, or of the suite or test that asks for it in a hook; removed after the file's tests. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ts-fairseq-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
