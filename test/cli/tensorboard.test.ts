import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { crc32c, EventFile } from '../../src/cli/output/event-file.js';
import { startTensorboard } from '../../src/cli/output/tensorboard.js';
import { log } from '../../src/log.js';
import { logStats } from '../../src/training/events.js';
import { runCommandLine } from '../helpers/command-line.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { makeToyData } from '../training/toy-data.js';

const folder = temporaryFolder();

/** The records of the only file of a folder, without their framing. */
function records(path: string): Buffer[] {
  const [name, ...others] = readdirSync(path);
  expect(others).toEqual([]);
  const bytes = readFileSync(join(path, name!));
  const found: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at));
    found.push(bytes.subarray(at + 12, at + 12 + length));
    at += 16 + length;
  }
  return found;
}

describe('an event file', () => {
  it.each([
    // RFC 3720, appendix B.4, and the check value of the catalogues.
    [Buffer.alloc(32), 0x8a9136aa],
    [Buffer.alloc(32, 0xff), 0x62a8ab43],
    [Buffer.from('123456789'), 0xe3069283],
    [Buffer.alloc(0), 0],
  ])('has the checksum CRC-32C: of %j', (bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });

  it("has the bytes of TensorBoard's own writer", () => {
    const path = join(folder, 'golden');
    const file = new EventFile(path, 1700000000.5);
    file.add({ wallTime: 1700000001.25, step: 300, values: [['loss', 9.5]] });
    // Written by tensorboard.summary.writer.record_writer of tensorboard 2.21.0.
    expect(readFileSync(path).toString('hex')).toBe(
      [
        '1800000000000000a37f4b220900002040fc54d9411a0d627261696e2e4576656e743a322b3531101b000000000000001a0d',
        '9e130900005040fc54d94110ac022a0d0a0b0a046c6f73731500001841edb4b756',
      ].join(''),
    );
  });
});

describe('--tensorboard-logdir', () => {
  it('has a file of its own for each run that one process begins within a second', () => {
    const logdir = join(folder, 'two-runs');
    const names = [1, 2].map(() => {
      const stop = startTensorboard(logdir);
      logStats('train', { tag: 'train', epoch: 1, stats: [['num_updates', '7']] });
      stop();
      return readdirSync(join(logdir, 'train'));
    });
    expect(names.map(({ length }) => length)).toEqual([1, 2]);
    expect(names[1]).toContain(names[0]![0]);
  });

  it('has a folder for each tag, with the metrics but for the number of updates, which is the step', () => {
    const logdir = join(folder, 'tags');
    const stop = startTensorboard(logdir);
    logStats('valid', {
      tag: 'valid',
      epoch: 1,
      stats: [
        ['loss', 'nan'],
        ['ppl', 'inf'],
        ['num_updates', '7'],
      ],
    });
    log.message('no metrics');
    stop();
    logStats('valid', { tag: 'valid', epoch: 2, stats: [['num_updates', '8']] });
    expect(readdirSync(logdir)).toEqual(['valid']);
    const [version, event, ...others] = records(join(logdir, 'valid'));
    expect(others).toEqual([]);
    expect(version!.toString('latin1')).toContain('brain.Event:2');
    expect(event!.subarray(9, 11)).toEqual(Buffer.from([0x10, 7])); // field 2: the step
    expect(event!.includes(Buffer.concat([Buffer.from('loss\x15'), Buffer.from([0, 0, 0xc0, 0x7f])]))).toBe(true);
    expect(event!.includes(Buffer.concat([Buffer.from('ppl\x15'), Buffer.from([0, 0, 0x80, 0x7f])]))).toBe(true);
    expect(event!.includes('num_updates')).toBe(false);
  });

  it('is written by train: every log interval, epoch and validation', async () => {
    const logdir = join(folder, 'run');
    const flags = '--arch transformer_tiny --max-tokens 100 --max-epoch 2 --lr 1e-3 --cpu --no-save --log-interval 2';
    const argv = ['train', await makeToyData(folder), ...flags.split(' '), '--log-format', 'simple'];
    const { code, stderr } = await runCommandLine([...argv, '--tensorboard-logdir', logdir]);
    expect(code).toBe(0);
    expect(readdirSync(logdir).sort()).toEqual(['train', 'train_inner', 'valid']);
    for (const tag of ['train', 'train_inner', 'valid']) {
      const lines = stderr.split('\n').filter((line) => line.includes(` | ${tag} | `));
      expect(records(join(logdir, tag)).length, tag).toBe(1 + lines.length);
    }
  });

  it('that cannot be created is refused in one line before training', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const { code, stderr } = await runCommandLine(['train', 'data', '--max-tokens', '9', '--tensorboard-logdir', file]);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `ts-fairseq: --tensorboard-logdir ${file} cannot be written (a file exists where a folder should be); choose another name\n`,
    });
  });
});
