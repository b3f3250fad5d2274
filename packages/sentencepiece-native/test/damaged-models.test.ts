import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { isAvailable } from '../src/index.js';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..', '..');

/** Damages a model in many ways and does everything with what still loads; prints how many were refused and loaded. */
const PROGRAM = `
import { readFileSync } from 'node:fs';
import { addon } from 'sentencepiece-native';

const { Model } = addon();
const sound = readFileSync(process.argv[1]);
let state = 1;
const below = (limit) => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) % limit;
const texts = ['Hello world', '', 'a\\0b \\ud800', '漢字 ｶﾞ ﬁ ½ \\u200b', 'a'.repeat(50), '<s> <unk> ▁▁'];

function damaged() {
  const bytes = Buffer.from(sound);
  // Half of the damage falls on the pieces, which are a small part of the file.
  const reach = below(1000) < 500 ? 12_000 : bytes.length;
  for (let count = 1 + below(30) % 3; count > 0; count--) {
    const at = (below(2 ** 16) * 2 ** 16 + below(2 ** 16)) % reach;
    bytes[at] = [0, 255, bytes[at] ^ (1 << below(1000) % 8), below(1000) % 256][below(1000) % 4];
  }
  return below(1000) < 50 ? bytes.subarray(0, below(bytes.length)) : bytes;
}

/** Whether a file loads; what the library refuses later is an Error too. */
function survives(bytes) {
  let model;
  try {
    model = new Model(bytes);
  } catch (error) {
    if (error.constructor !== Error) throw error;
    return false;
  }
  const steps = [
    (text) => model.decodePieces(model.encodePieces(text)),
    (text) => model.decodeIds(model.encodeIds(text)),
    (text) => model.decodeLine(model.encodeLine(text)),
    (text) => model.samplePieces(text, -1, 0.3),
    (text) => model.sampleIds(text, 5, 0.3),
    (text) => model.nBestPieces(text, 20),
    () => model.vocabulary(),
  ];
  for (const text of texts) {
    for (const step of steps) {
      try {
        step(text);
      } catch (error) {
        if (error.constructor !== Error) throw error;
      }
    }
  }
  return true;
}

// A piece that begins with a zero byte makes the library throw an error that nothing catches.
const emptied = Buffer.from(sound);
emptied[emptied.indexOf('▁', 100)] = 0;
// Normalisation rules that lead out of memory by gigabytes. The position of a unit's highest byte depends on the start of the table.
const astray = [0, 1, 2, 3].map((phase) => sound.map((byte, at) => (at > 20_000 && at % 4 === phase ? byte ^ 0x40 : byte)));

const counts = { refused: 0, loaded: 0 };
for (const bytes of [emptied, ...astray, ...Array.from({ length: 300 }, damaged)]) {
  counts[survives(bytes) ? 'loaded' : 'refused']++;
}
console.log(JSON.stringify(counts));
`;

describe.runIf(isAvailable().available)('a damaged model', () => {
  it.each(['unigram', 'bpe'])('of the type %s never ends the process', async (type) => {
    const model = join(root, 'test/golden/text/spm', `${type}.model`);
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', PROGRAM, model], { cwd: root });
    const { refused, loaded } = JSON.parse(stdout);
    expect(refused + loaded).toBe(305);
    expect(Math.min(refused, loaded)).toBeGreaterThan(20);
  });
});
