import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { saveReferenceCheckpoint } from '../helpers/reference-checkpoint.js';
import { goldenData } from '../helpers/reference-model.js';
import { runMain } from '../helpers/run-main.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const folder = temporaryFolder();
const empty = join(folder, 'empty');
writeFileSync(empty, '');
const path = saveReferenceCheckpoint(join(folder, 'checkpoint'), 'trained');
const skipAll = ['--path', path, '--max-tokens', '1', '--skip-invalid-size-inputs-valid-test', '-s', 'de', '-t', 'en'];

/** Figures over nothing are NaN or 0, and look like results. */
describe('a command that is left with nothing to measure is refused', () => {
  it.each([
    ['validate', [goldenData, ...skipAll], /split 'valid' has no sentence that is short enough: all 34 /],
    [
      'validate',
      [goldenData, '--path', path, '--max-tokens', '4000', '--ignore-prefix-size', '999'],
      /--ignore-prefix-size 999 leaves no token in the split 'valid': its longest target has \d+ tokens, including <\/s>/,
    ],
    ['generate', [goldenData, ...skipAll], /split 'test' has no sentence that is short enough: all 60 /],
    [
      'generate',
      [goldenData, '--path', path, '--num-shards', '99', '--shard-id', '98'],
      /--num-shards 99 leaves no batch of 'test' for --shard-id 98/,
    ],
    ['score', ['--sys', empty, '--ref', empty], /empty has no lines to score/],
    ['score', ['--sys', empty, '--ref', empty, '--sacrebleu'], /empty has no lines/],
    ['score', ['--sys', empty, '--ref', empty, '--sentence-bleu'], /empty has no lines/],
  ])('%s %j', async (command, args, message) => {
    const { code, stdout, stderr } = await runMain(command, ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });
});
