import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const inPackage = (path: string): string => join(import.meta.dirname, '..', path);

it('the team of threads runs every part of a job once, for several environments at a time, and passes on exceptions', () => {
  const folder = mkdtempSync(join(tmpdir(), 'team-'));
  try {
    const program = join(folder, 'team');
    const sources = ['test/team/team-threads.cc', 'cc/team.cc'].map(inPackage);
    execFileSync(process.env.CXX ?? 'g++', ['-std=c++17', '-O2', '-pthread', ...sources, '-o', program]);
    expect(execFileSync(program, { encoding: 'utf8' })).toBe('the team passes\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
