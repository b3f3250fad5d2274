import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..', '..');

/**
 * Repeats the same float32 products, as linear layers and as products of tfjs, and prints how many results differed.
 */
const PROGRAM = `
import { registerOneDnnBackend } from 'tfjs-backend-onednn';
import * as tf from '@tensorflow/tfjs';

registerOneDnnBackend();
await tf.setBackend('onednn');
const differences = [];
for (const [transposeA, transposeB] of [[false, true], [true, false], [false, false]]) {
  const a = tf.randomNormal([512, 512], 0, 1, 'float32', 1);
  const b = tf.randomNormal([512, 512], 0, 1, 'float32', 2);
  const first = tf.matMul(a, b, transposeA, transposeB);
  for (let turn = 0; turn < 60; turn++) {
    differences.push(tf.tidy(() => tf.sum(tf.abs(tf.sub(first, tf.matMul(a, b, transposeA, transposeB))))).dataSync()[0]);
  }
}
console.log(differences.filter((difference) => difference !== 0).length);
`;

describe('a signal', () => {
  it('does not change products that a profiler interrupts every 100 µs', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'signals-'));
    try {
      const flags = ['--cpu-prof', '--cpu-prof-interval', '100', '--cpu-prof-dir', folder];
      const { stdout } = await run(process.execPath, [...flags, '--input-type=module', '-e', PROGRAM], { cwd: root });
      expect(stdout.trim()).toBe('0');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
