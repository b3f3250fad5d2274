import { cpSync, existsSync, statSync, truncateSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { log } from '../../src/log.js';
import { runMain } from '../helpers/run-main.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { makeToyData } from '../training/toy-data.js';

const folder = temporaryFolder();
const whole = await makeToyData(folder);

const FLAGS =
  '--arch transformer_tiny --encoder-layers 1 --decoder-layers 1 --encoder-embed-dim 8 --decoder-embed-dim 8 ' +
  '--encoder-ffn-embed-dim 8 --decoder-ffn-embed-dim 8 --max-tokens 32 --required-batch-size-multiple 1 --threads 1 ' +
  '--disable-validation --no-epoch-checkpoints';

const runs = { count: 0 };

/** Trains on a copy of the toy data; `change` is done to the folder once so many updates are done. */
async function trainWhile(updates: number, change: (data: string) => void, ...flags: string[]) {
  const [data, saveDir] = ['data', 'run'].map((name) => join(folder, `${name}${runs.count}`)) as [string, string];
  runs.count += 1;
  cpSync(whole, data, { recursive: true });
  let seen = 0;
  const detach = log.attach(({ kind }) => {
    if (kind === 'progress' && ++seen === updates) change(data);
  });
  const result = await runMain('train', data, ...FLAGS.split(' '), '--save-dir', saveDir, ...flags);
  detach();
  return { ...result, data, last: join(saveDir, 'checkpoint_last.safetensors') };
}

const lastLine = (text: string): string => text.trimEnd().split('\n').at(-1)!;

describe('training on data that are written to meanwhile ends with one line and exit code 2', () => {
  it.each(['xx', 'yy'])('where the .bin of %s is cut', async (language) => {
    const bin = `train.xx-yy.${language}.bin`;
    const { code, stderr, data, last } = await trainWhile(
      3,
      (at) => truncateSync(join(at, bin), 20),
      '--max-epoch',
      '3',
    );
    expect(code).toBe(2);
    expect(lastLine(stderr)).toMatch(/^ts-fairseq: .* is cut short: \d+ of \d+ bytes at byte \d+ are missing; rebuild/);
    expect(stderr).toContain(join(data, bin));
    expect(existsSync(last)).toBe(false);
  });

  it('where its bytes became zeros and its length is as before', async () => {
    const zeros = (at: string): void => {
      const bin = join(at, 'train.xx-yy.xx.bin');
      const { size } = statSync(bin);
      truncateSync(bin, 0);
      truncateSync(bin, size);
      utimesSync(bin, new Date(), new Date(1e12));
    };
    const { code, stderr } = await trainWhile(3, zeros, '--max-epoch', '3');
    expect(code).toBe(2);
    expect(lastLine(stderr)).toMatch(/train\.xx-yy\.xx\.bin has changed since it was opened; run the command again/);
  });
});
