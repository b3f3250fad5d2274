import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { setSessionNiceness } from '../../src/cli/child-process.js';

const groupOf = (pid: number): string => readFileSync(`/proc/${pid}/autogroup`, 'utf8');

test.skipIf(!existsSync('/proc/self/autogroup'))('a session gets the niceness that it is given', () => {
  const child = spawn('sleep', ['60'], { detached: true });
  try {
    expect(groupOf(child.pid!)).toContain('nice 0');
    setSessionNiceness(child.pid!, 7);
    expect(groupOf(child.pid!)).toContain('nice 7');
  } finally {
    child.kill();
  }
});

test('a process that has ended is left alone', () => {
  expect(() => setSessionNiceness(2 ** 30, 7)).not.toThrow();
});
