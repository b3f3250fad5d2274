import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const ADD_ONS = ['tfjs-backend-onednn', 'sentencepiece-native'];

/** Commands of the machine that a test replaces: what the shell does for each. */
type Commands = Readonly<Record<string, string>>;

/** A user without root's rights, for whom npm succeeds and the programs of the add-ons do not link. */
const PLAIN_USER: Commands = {
  id: 'echo 1000',
  sudo: 'exit 1',
  npm: 'mkdir -p node_modules',
  npx: 'exit 0',
  'g++': '[ "$1" = --version ]',
  make: 'exit 0',
  python3: 'exit 0',
};

/** Runs set-up with these commands and arguments. */
type SetUp = (commands: Commands, ...argv: string[]) => { status: number | null; lines: string[] };

/** A clone with what set-up reads, and set-up in it. */
function clone(): { folder: string; prepareRun: SetUp } {
  const folder = join(temporaryFolder(), 'ein Ordner ü');
  const copy = (path: string): void => cpSync(join(root, path), join(folder, path), { recursive: true });
  ['scripts/setup.sh', 'package.json', 'package-lock.json', 'packages/sacrebleu-ts/package.json'].forEach(copy);
  for (const name of ADD_ONS) {
    for (const part of ['package.json', 'binding.gyp', 'cc', 'scripts/build.js']) copy(`packages/${name}/${part}`);
  }
  const prepareRun: SetUp = (commands, ...argv) => {
    const bin = join(folder, 'bin');
    mkdirSync(bin, { recursive: true });
    for (const [name, body] of Object.entries(commands)) {
      writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`);
      chmodSync(join(bin, name), 0o755);
    }
    const { status, stdout, stderr } = spawnSync('bash', [join(folder, 'scripts/setup.sh'), ...argv], {
      encoding: 'utf8',
      env: { ...process.env, CXX: 'g++', PATH: `${bin}:${process.env.PATH}` },
    });
    return { status, lines: `${stdout}${stderr}`.trimEnd().split('\n') };
  };
  return { folder, prepareRun };
}

describe('setup.sh', () => {
  test('names in one line all that is missing, and goes on', () => {
    const { status, lines } = clone().prepareRun(PLAIN_USER);
    expect(lines).toEqual([
      expect.stringMatching(
        /--device wasm, about 30 times slower, .*: sudo apt-get install g\+\+ make python3 libdnnl-dev libsentencepiece-dev$/,
      ),
      'setup: installing npm packages, about 1 minute',
      'setup: compiling TypeScript, about 20 seconds',
      'setup: done: installed npm packages; computing on --device wasm',
      'setup: next: bash scripts/quickstart.sh, or npx ts-fairseq --help',
    ]);
    expect(status).toBe(0);
  });

  test.each(['--help', '-h'])('%s says what it does and how long it takes, and does nothing', (flag) => {
    const { folder, prepareRun } = clone();
    const { status, lines } = prepareRun(PLAIN_USER, flag);
    expect(lines[0]).toBe('Usage: bash scripts/setup.sh [--no-apt]');
    expect(lines.join(' ')).toMatch(/About 4 minutes .*about 30 times slower.*--no-apt {2,}install no system packages/);
    expect(status).toBe(0);
    expect(existsSync(join(folder, 'node_modules'))).toBe(false);
  });

  test('an unknown argument is refused before anything is done', () => {
    const { folder, prepareRun } = clone();
    expect(prepareRun(PLAIN_USER, '--noapt')).toEqual({
      status: 2,
      lines: ["setup: unknown argument '--noapt'; see bash scripts/setup.sh --help"],
    });
    expect(existsSync(join(folder, 'node_modules'))).toBe(false);
  });

  test('installs system packages through apt where it may, and none with --no-apt', () => {
    const { folder, prepareRun } = clone();
    const installed = join(folder, 'installed');
    const root = { ...PLAIN_USER, id: 'echo 0', 'apt-get': `echo "$@" >>"${installed}"` };
    const { status, lines } = prepareRun(root, '--no-apt');
    expect(lines[0]).toMatch(/^setup: no compiler or no libraries: .*to fix it: sudo apt-get install g\+\+ make/);
    expect([status, existsSync(installed)]).toEqual([0, false]);
    expect(prepareRun(root).lines[0]).toMatch(/^setup: installing g\+\+ make python3 .* through apt, about 1 minute$/);
    expect(readFileSync(installed, 'utf8')).toMatch(/^update .*\ninstall -y -qq g\+\+\n(.*\n)*install .*libdnnl-dev\n/);
  });

  test('names what an add-on lacks whose headers are there and whose library is not', () => {
    const { lines } = clone().prepareRun({ ...PLAIN_USER, 'g++': 'case "$*" in *-ldnnl*) exit 1 ;; esac' });
    expect(lines[0]).toMatch(/no oneDNN: .* sudo apt-get install g\+\+ make python3 libdnnl-dev$/);
  });

  test('says at the end that npm failed', () => {
    const { status, lines } = clone().prepareRun({ ...PLAIN_USER, npm: 'echo npm error offline >&2; exit 1' });
    expect(lines.at(-1)).toMatch(/^setup: npm could not install the packages/);
    expect(status).toBe(2);
  });

  test('builds anew an add-on whose build was killed, and leaves a whole one alone without a compiler', () => {
    const { folder, prepareRun } = clone();
    const built = (file: string): void => {
      for (const name of ADD_ONS) {
        mkdirSync(join(folder, 'packages', name, 'build/Release'), { recursive: true });
        writeFileSync(join(folder, 'packages', name, 'build', file), '');
      }
    };
    built('Release/onednn_baseline.node');
    built('Release/sentencepiece.node');
    expect(prepareRun(PLAIN_USER).lines[0]).toContain('--device wasm');
    built('complete');
    expect(prepareRun(PLAIN_USER)).toEqual({
      status: 0,
      lines: [
        'setup: compiling TypeScript, about 20 seconds',
        'setup: done: everything was there already; computing on --device cpu',
        'setup: next: bash scripts/quickstart.sh, or npx ts-fairseq --help',
      ],
    });
    expect(existsSync(join(folder, 'node_modules'))).toBe(true);
  });
});
