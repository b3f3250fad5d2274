import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { MOST_THREADS as MOST_OF_BACKEND } from '../../packages/tfjs-backend-onednn/src/available-threads.js';
import { UserError } from '../../src/errors.js';
import { MOST_THREADS } from '../../src/options/most-threads.js';
import { runCommandLine } from '../helpers/command-line.js';
import { commandFolder } from '../helpers/text-command.js';
import { goldenLines, goldenPath } from '../text/golden.js';

const { at, run } = commandFolder();
const codes = goldenPath('bpe/codes');

/** Seven megabytes: more than tokenize does by itself before other threads start, and than they take at once. */
const text = `${goldenLines('moses/test.tok.de').join('\n')}\n`.repeat(1200);
/** The same for apply-bpe. */
const longText = text.repeat(6);

/** Runs the built command line, whose threads are modules of their own. */
const inProcess = (...argv: string[]) =>
  spawnSync(process.execPath, ['bin/ts-fairseq.js', ...argv], { maxBuffer: 1 << 26 });

describe('--threads N', () => {
  test.each([
    { command: 'tokenize', options: ['-l', 'de', '-a'], input: text },
    { command: 'apply-bpe', options: ['-c', codes], input: longText },
  ])('$command writes the same bytes for 1, 2 and 3', ({ command, options, input }) => {
    writeFileSync(at('in'), input);
    const [one, two, three] = [1, 2, 3].map((threads) => {
      const { status, stderr } = inProcess(command, ...options, '--threads', `${threads}`, at('in'), at('out'));
      expect([status, stderr.toString()]).toEqual([0, '']);
      return readFileSync(at('out'));
    });
    expect(one!.length).toBeGreaterThan(input.length);
    expect(two!.equals(one!)).toBe(true);
    expect(three!.equals(one!)).toBe(true);
  });

  test('what comes before a line that is not UTF-8 is written, then the line is named', () => {
    const bytes = Buffer.concat([Buffer.from(text), Buffer.from('ein \xff\n', 'latin1'), Buffer.from(text)]);
    writeFileSync(at('in'), bytes);
    const lines = text.split('\n').length - 1;
    const { status, stdout, stderr } = inProcess('tokenize', '-l', 'de', '--no-escape', '--threads', '2', at('in'));
    expect(status).toBe(2);
    expect(stderr.toString()).toBe(
      `ts-fairseq: ${at('in')} line ${lines + 1} is not valid UTF-8 at column 5 (0xff, byte 5 of the line); ` +
        'convert the file first, e.g. iconv -f ISO-8859-1 -t UTF-8\n',
    );
    expect(stdout.toString().split('\n').length - 1).toBe(lines);
  });

  test('a warning is printed once', () => {
    writeFileSync(at('in'), text);
    const { status, stderr } = inProcess('tokenize', '-l', 'tr', '--threads', '2', at('in'), at('out'));
    expect(status).toBe(0);
    expect(stderr.toString().trimEnd().split('\n')).toEqual([
      expect.stringContaining("abbreviations for language 'tr'"),
    ]);
  });

  test('dropout works in one thread only', async () => {
    writeFileSync(at('in'), 'a\n');
    const refused = run(`apply-bpe -c ${codes} --dropout 0.1 --threads 2 DIR/in DIR/out`);
    await expect(refused).rejects.toThrow(UserError);
    await expect(refused).rejects.toThrow('--dropout works in one thread only; remove --threads');
  });
});

describe('more threads than the system allows', () => {
  test.each([
    ['train', 'data', '--threads'],
    ['generate', 'data', '--threads'],
    ['interactive', 'data', '--threads'],
    ['validate', 'data', '--threads'],
    ['tokenize', '--threads'],
    ['apply-bpe', '-c', codes, '--threads'],
    ['preprocess', '--workers'],
  ])('are refused by %s', async (...argv) => {
    const { code, stderr } = await runCommandLine([...argv, '1025']);
    expect(code).toBe(2);
    expect(stderr).toContain(`${argv.at(-1)}: 1025 is too large; the maximum is 1024`);
  });

  test('default to the same number in the command line and the native kernels', () => {
    expect(MOST_THREADS).toBe(MOST_OF_BACKEND);
  });
});
