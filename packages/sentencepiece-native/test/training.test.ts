import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { addon, isAvailable } from '../src/index.js';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..', '..');

/** A text without adjacent characters, for which the library reads invalid memory when it logs this. */
const PROGRAM = `
import { addon } from 'sentencepiece-native';

const batches = [['a', 'b'], null];
const options = { model_type: 'bpe', vocab_size: '30', add_dummy_prefix: 'false', minloglevel: '0' };
try {
  addon().train(options, () => batches.shift());
} catch (error) {
  console.log(error.constructor.name + ': ' + error.message);
}
`;

describe.runIf(isAvailable().available)('training', () => {
  it('that is ended by a signal throws an error, and the process continues', async () => {
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', PROGRAM], { cwd: root });
    // Versions of the library that do not crash find the vocabulary too large.
    expect(stdout).toMatch(/^Error: (the library was stopped: Segmentation fault|.*Vocabulary size too high)/);
  });

  it('requests sentences only while it needs them', () => {
    let batches = 0;
    const options = { model_type: 'char', vocab_size: '50', minloglevel: '3' };
    const sentences = { input_sentence_size: '150', shuffle_input_sentence: 'false' };
    const model = addon().train({ ...options, ...sentences }, () => {
      batches += 1;
      return Array.from({ length: 100 }, (_, index) => `sentence ${batches} ${index}`);
    });
    expect(model.length).toBeGreaterThan(0);
    expect(batches).toBe(2);
  });

  it.each([
    { title: 'an error of the sentences', next: () => JSON.parse('{'), message: /JSON/ },
    { title: 'sentences that are not text', next: () => [3 as never], message: 'A string was expected' },
    { title: 'sentences that are not a list', next: () => 3 as never, message: /array/i },
  ])('gives on $title', ({ next, message }) => {
    expect(() => addon().train({ minloglevel: '3' }, next)).toThrow(message);
  });

  it('refuses options that are not text', () => {
    expect(() => addon().train({ vocab_size: 3 as never }, () => null)).toThrow('A string was expected');
  });
});
