import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const ADD_ONS = ['tfjs-backend-onednn', 'sentencepiece-native', 'mpi-native', 'tfjs-backend-cuda'];

/** Commands of the machine that a test replaces, each with its shell script. */
type Commands = Readonly<Record<string, string>>;

/** A user without root's rights, for whom npm succeeds and the programs of the add-ons do not compile. */
const PLAIN_USER: Commands = {
  id: 'echo 1000',
  sudo: 'exit 1',
  npm: 'mkdir -p node_modules',
  npx: 'exit 0',
  'g++': '[ "$1" = --version ]',
  make: 'exit 0',
  python3: 'exit 0',
  mpicc: 'exit 0',
};

/** A user for whom apt-get installs nothing and reports success. */
const ROOT_USER: Commands = { ...PLAIN_USER, id: 'echo 0', 'apt-get': 'exit 0' };
const SUDO_USER: Commands = { ...ROOT_USER, id: 'echo 1000', sudo: '[ "$1" = -n ] && shift && exec "$@"' };

/** Runs a script of the clone with these commands and arguments. */
type SetUp = (commands: Commands, ...argv: string[]) => { status: number | null; lines: string[] };

/** A clone with the files that setup.sh reads. */
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
  test('names in one line everything that is missing, and continues', () => {
    const { status, lines } = clone().prepareRun(PLAIN_USER);
    expect(lines).toEqual([
      expect.stringMatching(/^setup: will install npm packages into .*\/node_modules$/),
      expect.stringMatching(
        /--device wasm, about 30 times slower, .*: sudo apt-get install g\+\+ make python3 libdnnl-dev libsentencepiece-dev libopenmpi-dev openmpi-bin$/,
      ),
      'setup: installing npm packages, about 1 minute',
      'setup: compiling TypeScript, about 20 seconds',
      'setup: done: installed npm packages; computing on --device wasm',
      'setup: next: bash scripts/quickstart.sh, or npx ts-fairseq --help',
    ]);
    expect(status).toBe(0);
  });

  test.each(['--help', '-h'])('%s prints what setup does and how long it takes, and does nothing', (flag) => {
    const { folder, prepareRun } = clone();
    const { status, lines } = prepareRun(PLAIN_USER, flag);
    expect(lines[0]).toBe('Usage: bash scripts/setup.sh [--no-apt]');
    expect(lines.join(' ')).toMatch(/about 4 minutes .*about 30 times slower.*--no-apt {2,}install no system packages/);
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

  test('installs no system packages with --no-apt', () => {
    const { folder, prepareRun } = clone();
    const called = join(folder, 'called');
    const { status, lines } = prepareRun({ ...ROOT_USER, 'apt-get': `touch "${called}"` }, '--no-apt');
    expect(lines[1]).toMatch(/^setup: no compiler or no libraries: .*to fix it: sudo apt-get install g\+\+ make/);
    expect(lines.join('\n')).not.toContain('through apt');
    expect([status, existsSync(called)]).toEqual([0, false]);
  });

  test.each([
    { user: 'root', commands: ROOT_USER, how: 'through apt' },
    { user: 'a user with passwordless sudo', commands: SUDO_USER, how: 'through apt, with sudo' },
  ])('says to $user what it will install and how to decline, then installs it', ({ commands, how }) => {
    const { folder, prepareRun } = clone();
    const calls = join(folder, 'calls');
    const { lines } = prepareRun({ ...commands, 'apt-get': `echo "$@" >>"${calls}"` });
    expect(lines.slice(0, 4)).toEqual([
      `setup: will install on this machine, ${how}: g++ make python3 libdnnl-dev libsentencepiece-dev libopenmpi-dev openmpi-bin`,
      'setup:   to decline, press Ctrl-C and run this again with --no-apt',
      expect.stringMatching(/^setup: will install npm packages into /),
      expect.stringMatching(/^setup: installing g\+\+ make python3 .* through apt, about 1 minute$/),
    ]);
    expect(readFileSync(calls, 'utf8')).toMatch(/^update .*\ninstall -y -qq g\+\+\n(.*\n)*install .*libdnnl-dev\n/);
  });

  test('shows the errors of apt-get and the packages that it could not install, and continues', () => {
    const aptGet = `case "$*" in
      update*) echo 'W: no network' >&2 ;;
      *libdnnl-dev) echo 'E: Unable to locate package libdnnl-dev' >&2; exit 100 ;;
    esac`;
    const { status, lines } = clone().prepareRun({ ...ROOT_USER, 'apt-get': aptGet });
    expect(lines.filter((line) => /apt-get could|W:|E:/.test(line))).toEqual([
      'setup: apt-get could not install libdnnl-dev:',
      'setup:   W: no network',
      'setup:   E: Unable to locate package libdnnl-dev',
    ]);
    expect(status).toBe(0);
  });

  test('names the package of an add-on whose headers are installed and whose library is not', () => {
    const { lines } = clone().prepareRun({ ...PLAIN_USER, 'g++': 'case "$*" in *-ldnnl*) exit 1 ;; esac' });
    expect(lines[1]).toMatch(/no oneDNN: .* sudo apt-get install g\+\+ make python3 libdnnl-dev$/);
  });

  test.each([
    { what: 'its compiler', commands: { mpicc: 'exit 127' } },
    { what: 'its library', commands: { 'g++': 'case "$*" in *mpi-*) exit 1 ;; esac' } },
  ] as { what: string; commands: Commands }[])(
    'names the packages of Open MPI if $what is missing, and says what is not available without it',
    ({ commands }) => {
      const { lines } = clone().prepareRun({ ...PLAIN_USER, 'g++': 'exit 0', ...commands });
      expect(lines[1]).toMatch(
        /no Open MPI: training with several processes .* sudo apt-get install g\+\+ make python3 libopenmpi-dev openmpi-bin$/,
      );
    },
  );

  test('reports at the end that npm failed', () => {
    const { status, lines } = clone().prepareRun({ ...PLAIN_USER, npm: 'echo npm error offline >&2; exit 1' });
    expect(lines.at(-1)).toMatch(/^setup: npm could not install the packages/);
    expect(status).toBe(2);
  });

  test('rebuilds an add-on whose build was killed, and keeps a complete one without a compiler', () => {
    const { folder, prepareRun } = clone();
    const built = (file: string): void => {
      for (const name of ADD_ONS) {
        mkdirSync(join(folder, 'packages', name, 'build/Release'), { recursive: true });
        writeFileSync(join(folder, 'packages', name, 'build', file), '');
      }
    };
    built('Release/onednn_baseline.node');
    built('Release/sentencepiece.node');
    expect(prepareRun(PLAIN_USER).lines[1]).toContain('--device wasm');
    built('complete');
    expect(prepareRun(PLAIN_USER)).toEqual({
      status: 0,
      lines: [
        'setup: compiling TypeScript, about 20 seconds',
        'setup: done: nothing to do; computing on --device cpu',
        'setup: next: bash scripts/quickstart.sh, or npx ts-fairseq --help',
      ],
    });
    expect(existsSync(join(folder, 'node_modules'))).toBe(true);
  });
});

test.each([
  { argv: [], setup: '', vitest: 'run' },
  { argv: ['--no-apt', 'test/text', '-t', 'two words'], setup: '--no-apt', vitest: 'run test/text -t two words' },
])('test.sh $argv runs setup.sh with "$setup" and vitest with "$vitest"', ({ argv, setup, vitest }) => {
  const folder = temporaryFolder();
  for (const name of ['scripts', 'bin']) mkdirSync(join(folder, name));
  cpSync(join(root, 'scripts/test.sh'), join(folder, 'scripts/test.sh'));
  writeFileSync(join(folder, 'scripts/setup.sh'), 'echo "setup $*"\n');
  writeFileSync(join(folder, 'bin/npx'), '#!/bin/sh\necho "npx $*"\n', { mode: 0o755 });
  const { status, stdout } = spawnSync('bash', [join(folder, 'scripts/test.sh'), ...argv], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${join(folder, 'bin')}:${process.env.PATH}` },
  });
  expect(stdout).toBe(`setup ${setup}\nnpx --no-install vitest ${vitest}\n`);
  expect(status).toBe(0);
});
