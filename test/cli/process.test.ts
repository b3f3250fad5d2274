import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadMetadata } from '../../src/checkpoint/checkpoint.js';
import { runCommandLine } from '../helpers/command-line.js';
import { saveReferenceCheckpoint } from '../helpers/reference-checkpoint.js';
import { goldenData } from '../helpers/reference-model.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { makeToyData } from '../training/toy-data.js';

const folder = temporaryFolder();

const script = fileURLToPath(new URL('../helpers/ts-fairseq.ts', import.meta.url));

const data = await makeToyData(folder);

const jiti = import.meta.resolve('jiti/register');

/** Starts `ts-fairseq …` as a process whose stdout and stderr are pipes. */
function start(...argv: string[]): ChildProcessByStdio<null, Readable, Readable> {
  return spawn('node', ['--import', jiti, script, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Collects what a stream brings. */
function textOf(stream: Readable): { text: string } {
  const read = { text: '' };
  stream.setEncoding('utf8').on('data', (text: string) => {
    read.text += text;
  });
  return read;
}

async function ending(child: ReturnType<typeof start>): Promise<{ code: number | null; signal: string | null }> {
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { code, signal };
}

describe('a reader that closes stdout early', () => {
  writeFileSync(join(folder, 'long.txt'), 'Ein Satz.\n'.repeat(100_000));

  it.each([
    ['a filter', ['lowercase', join(folder, 'long.txt')]],
    ['a help', ['tokenize', '--help']],
  ])('ends %s quietly', async (_, argv) => {
    const child = start(...argv);
    const log = textOf(child.stderr);
    child.stdout.once('data', () => child.stdout.destroy());
    expect(await ending(child)).toEqual({ code: 0, signal: null });
    expect(log.text).toBe('');
  });
});

it('a run of train whose log nobody reads on trains to its end', async () => {
  const save = join(folder, 'unheard');
  const options = '--arch transformer_tiny --max-tokens 32 --required-batch-size-multiple 1 --max-update 3';
  const child = start('train', data, ...options.split(' '), '--save-dir', save);
  child.stderr.once('data', () => child.stderr.destroy());
  expect(await ending(child)).toEqual({ code: 0, signal: null });
  expect(loadMetadata(join(save, 'checkpoint_last')).training!.updates).toBe(3);
});

it('an error names standard output if the disk is full', async () => {
  const full = openSync('/dev/full', 'w');
  const child = spawn('node', ['--import', jiti, script, '--version'], { stdio: ['ignore', full, 'pipe'] });
  closeSync(full);
  const log = textOf(child.stderr!);
  const [code] = (await once(child, 'close')) as [number];
  expect({ code, log: log.text }).toEqual({
    code: 2,
    log: 'ts-fairseq: standard output cannot be written (the disk is full); free some space on the disk\n',
  });
});

it.each(['SIGINT', 'SIGTERM'] as const)('%s takes away what a filter of files has written', async (signal) => {
  const input = join(folder, 'large.txt');
  writeFileSync(input, 'Ein Satz, und noch einer.\n'.repeat(1_500_000));
  const target = mkdtempSync(join(folder, 'filtered-'));
  const child = start('tokenize', '-l', 'de', input, join(target, 'out'));
  const log = textOf(child.stderr);
  while (readdirSync(target).length === 0 && child.exitCode === null) await setTimeout(5);
  child.kill(signal);
  expect(await ending(child)).toEqual({ code: null, signal });
  expect([log.text, readdirSync(target)]).toEqual(['', []]);
});

it('a link to standard output is written to, behind what the shell has there', async () => {
  const [input, output, link] = ['short.txt', 'appended.txt', 'link'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(input, 'Ein Satz.\n');
  writeFileSync(output, 'first\n');
  symlinkSync('/dev/stdout', link);
  const file = openSync(output, 'a');
  const argv = ['lowercase', input, link];
  const child = spawn('node', ['--import', jiti, script, ...argv], { stdio: ['ignore', file, 'inherit'] });
  closeSync(file);
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(readFileSync(output, 'utf8')).toBe('first\nein satz.\n');
  expect(readlinkSync(link)).toBe('/dev/stdout');
});

it('a run of train saves on SIGINT, says so, dies of it and goes on later', async () => {
  const save = join(folder, 'checkpoints');
  const options = '--arch transformer_tiny --max-tokens 32 --required-batch-size-multiple 1 --lr 1e-3 --log-interval 1';
  const train = ['train', data, ...options.split(' '), '--save-dir', save, '--no-epoch-checkpoints'];
  const child = start(...train, '--max-update', '500');
  const log = textOf(child.stderr);
  const killOnce = (): void => {
    if (!log.text.includes('num_updates=12,')) return;
    child.stderr.off('data', killOnce); // a second signal would end it at once
    child.kill('SIGINT');
  };
  child.stderr.on('data', killOnce);
  expect(await ending(child), log.text.slice(-1000)).toEqual({ code: null, signal: 'SIGINT' });
  expect(log.text).toContain('WARNING | ts-fairseq | SIGINT: stopping after this update');
  expect(log.text).toMatch(
    /done training in [\d.]+ seconds: interrupted; run the same command to resume; peak resident memory [\d.]+ GiB\n$/,
  );
  // No terminal, no bar: nothing but whole lines without control characters.
  expect(log.text).not.toMatch(/[\r\u001b]/);
  const { updates } = loadMetadata(join(save, 'checkpoint_last')).training!;
  expect(updates).toBeGreaterThanOrEqual(12);
  expect(updates).toBeLessThan(500);
  expect(readdirSync(save).filter((name) => !/\.safetensors$|^config\.yaml$/.test(name))).toEqual([]);

  const resumed = await runCommandLine([...train, '--max-update', String(updates + 1)]);
  expect(resumed.code).toBe(0);
  expect(resumed.stderr).toContain(`resuming from ${join(save, 'checkpoint_last')}`);
});

it('interactive answers each line before the next one comes', async () => {
  const checkpoint = saveReferenceCheckpoint(join(folder, 'trained'), 'trained');
  const short = ['--beam', '1', '--max-len-b', '3'];
  const argv = ['interactive', goldenData, '--path', checkpoint, ...short, '--log-format', 'none'];
  const child = spawn('node', ['--import', 'jiti/register', script, ...argv], { stdio: ['pipe', 'pipe', 'pipe'] });
  const answers = textOf(child.stdout);
  const log = textOf(child.stderr);
  const ended = once(child, 'close');
  for (const [id, line] of ['datei', 'option', ''].entries()) {
    child.stdin.write(`${line}\n`);
    while (!answers.text.includes(`P-${id}\t`)) await once(child.stdout, 'data');
    expect(answers.text).toContain(`S-${id}\t${line}\n`);
  }
  child.stdin.end('the last line needs no end');
  expect(await ended, log.text).toEqual([0, null]);
  expect(answers.text.match(/^P-\d/gm)).toEqual(['P-0', 'P-1', 'P-2', 'P-3']);
});
