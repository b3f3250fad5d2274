import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const script = fileURLToPath(new URL('../../scripts/quickstart.sh', import.meta.url));

test.each(['--help', '--frsh', '--fresh now'])('quickstart.sh %s prints the usage and trains nothing', (words) => {
  // Without a PATH nothing can be set up or trained.
  const { status, stderr } = spawnSync('/bin/bash', [script, ...words.split(' ')], {
    encoding: 'utf8',
    env: { PATH: '' },
  });
  expect(stderr).toContain(
    `unknown arguments '${words}'; usage: bash scripts/quickstart.sh [--fresh] [--on-wasm] [--no-apt]\n`,
  );
  expect(status).toBe(2);
});

/** A clone in which setup is done, the native backend is built or not, and the first step of the work ends the script. */
function clone({ isBuilt = false, isTrained = false } = {}) {
  const folder = temporaryFolder();
  const at = (...names: string[]): string => join(folder, ...names);
  for (const name of ['scripts', 'bin', 'checkpoints/quickstart', 'dist/src/cli'])
    mkdirSync(at(name), { recursive: true });
  for (const name of ['quickstart', 'prepare-embedded', 'recipe']) {
    cpSync(join(script, `../${name}.sh`), at(`scripts/${name}.sh`));
  }
  writeFileSync(at('dist/src/cli/main.js'), '');
  writeFileSync(at('scripts/setup.sh'), `echo "$@" >"${at('setup-arguments')}"\n`);
  if (isTrained) writeFileSync(at('checkpoints/quickstart/checkpoint100.safetensors'), '');
  const ended = at('worked');
  const node = `#!/bin/sh\ncase "$*" in *--done) exit ${isBuilt ? 0 : 1} ;; esac\necho "$*" >"${ended}"\nexit 3\n`;
  writeFileSync(at('bin/node'), node);
  chmodSync(at('bin/node'), 0o755);
  const env = { ...process.env, PATH: `${at('bin')}:${process.env.PATH}`, QUICKSTART_ON_WASM: '' };
  return {
    env,
    command: ['bash', at('scripts/quickstart.sh')] as const,
    worked: () => existsSync(ended),
    setupArguments: () => readFileSync(at('setup-arguments'), 'utf8').trim(),
  };
}

const QUESTION =
  /without the native backend, training runs on wasm, about 30 times slower: 2 to 3 hours instead of 5 minutes/;

describe('quickstart.sh before hours of work on wasm', () => {
  test.each([
    { what: 'ends without a terminal', state: {}, argv: [], asks: true, works: false },
    { what: 'continues with --on-wasm', state: {}, argv: ['--on-wasm'], asks: true, works: true },
    { what: 'asks nothing with the native backend', state: { isBuilt: true }, argv: [], asks: false, works: true },
    { what: 'asks nothing for a trained model', state: { isTrained: true }, argv: [], asks: false, works: true },
    { what: 'asks again with --fresh', state: { isTrained: true }, argv: ['--fresh'], asks: true, works: false },
  ])('$what', ({ state, argv, asks, works }) => {
    const { command, env, worked } = clone(state);
    const [program, file] = command;
    const { status, stderr } = spawnSync(program, [file, ...argv], { encoding: 'utf8', env, input: '' });
    expect(QUESTION.test(stderr)).toBe(asks);
    expect({ status, worked: worked() }).toEqual(works ? { status: 3, worked: true } : { status: 2, worked: false });
    if (!works) expect(stderr).toMatch(/add --on-wasm \(or set QUICKSTART_ON_WASM=1\) to continue/);
  });

  test('continues with QUICKSTART_ON_WASM=1', () => {
    const { command, env, worked } = clone();
    const [program, file] = command;
    expect(spawnSync(program, [file], { env: { ...env, QUICKSTART_ON_WASM: '1' }, input: '' }).status).toBe(3);
    expect(worked()).toBe(true);
  });

  // `script` of util-linux runs a command at a pseudo-terminal.
  const TERMINAL = 'script';
  test.skipIf(spawnSync(TERMINAL, ['--version']).status !== 0).each([
    ['y', true],
    ['n', false],
    ['', false],
  ])('asks at a terminal and follows the answer %j', (answer, works) => {
    const { command, env, worked } = clone();
    const argv = ['-qec', command.map((word) => `'${word}'`).join(' '), '/dev/null'];
    const { stdout, status } = spawnSync(TERMINAL, argv, { encoding: 'utf8', env, input: `${answer}\n` });
    expect(stdout).toMatch(/Continue\? \[y\/N\]/);
    expect({ status, worked: worked() }).toEqual({ status: works ? 3 : 2, worked: works });
  });
});

test.each([
  { argv: [], passed: '' },
  { argv: ['--no-apt'], passed: '--no-apt' },
])('quickstart.sh $argv runs setup.sh with "$passed"', ({ argv, passed }) => {
  const { command, env, setupArguments } = clone({ isBuilt: true });
  const [program, file] = command;
  expect(spawnSync(program, [file, ...argv], { env }).status).toBe(3);
  expect(setupArguments()).toBe(passed);
});
