import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..', '..');

/**
 * Starts workers, one after another, that end with an open model of 48 MiB and an open search. Prints the MiB that each
 * leaves behind.
 */
const PROGRAM = `
const { Worker } = require('node:worker_threads');
const program = \`
(async () => {
  const search = await import('tfjs-backend-onednn/search');
  search.configure({ threads: 2 });
  const [embed, inner, vocab] = [256, 512, 16384];
  const stack = { vocab, positions: 40, layers: 1, heads: 4, inner, scale: 1 };
  const sizes = { ...stack, normalizeBefore: false, normalizeEmbedding: false, finalNorm: false };
  const values = (size) => () => new Float32Array(size).fill(0.01);
  const linear = (size, out) => [values(size * out), values(out)];
  const norm = () => [values(embed), values(embed)];
  const side = () => [values(vocab * embed), values(40 * embed)];
  const self = () => [...linear(embed, 3 * embed), ...linear(embed, embed), ...norm()];
  const source = () => [...linear(embed, embed), ...linear(embed, 2 * embed), ...linear(embed, embed), ...norm()];
  const feedForward = () => [...linear(embed, inner), ...linear(inner, embed), ...norm()];
  const encoder = [...side(), ...self(), ...feedForward()];
  const weights = [...encoder, ...side(), ...self(), ...source(), ...feedForward(), values(vocab * embed)];
  const model = search.packTransformer({ embed, encoder: sizes, decoder: sizes }, weights, 'float32');
  const starts = Int32Array.of(0, 2);
  const decoding = model.startDecoding({ ids: Int32Array.of(4, 2), positions: Int32Array.of(2, 3), starts }, 2);
  decoding.step(Int32Array.of(2, 2), 2, null);
})();
\`;
const work = () => new Promise((resolve, reject) => {
  new Worker(program, { eval: true }).on('error', reject).on('exit', resolve);
});
(async () => {
  const resident = async (workers) => {
    for (let worker = 0; worker < workers; worker++) await work();
    return process.memoryUsage.rss() / 2 ** 20;
  };
  const before = await resident(3);
  console.log((await resident(8) - before) / 8);
})();
`;

describe('a worker thread', () => {
  it('frees its models and searches if it ends without closing them', async () => {
    const { stdout } = await run(process.execPath, ['-e', PROGRAM], { cwd: root });
    expect(Number(stdout)).toBeLessThan(16);
  });
});
