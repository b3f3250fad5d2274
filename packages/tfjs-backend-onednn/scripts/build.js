// Compiles the native add-on with node-gyp, unless nothing has changed since the last build. Without a compiler or
// oneDNN it prints one line and leaves the rest of the installation usable.
//   --check  compiles nothing; prints that line and exits with status 1 if the add-on neither is built nor can be built
//   --done   only reports, by its exit status, whether the add-on is built
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
/**
 * Written when all builds, one per instruction set, are complete. A build that was killed starts again from the
 * beginning.
 */
const complete = join(root, 'build', 'complete');
/** The last output of the compiler. */
const log = join(root, 'build', 'compile.log');
const require = createRequire(import.meta.url);

/** The latest modification time of all sources of the add-on, in milliseconds. */
function newestSource() {
  const files = [join(root, 'binding.gyp'), fileURLToPath(import.meta.url)];
  for (const entry of readdirSync(join(root, 'cc'), { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) files.push(join(entry.parentPath ?? entry.path, entry.name));
  }
  return Math.max(...files.map((file) => statSync(file).mtimeMs));
}

function upToDate() {
  return existsSync(complete) && statSync(complete).mtimeMs >= newestSource();
}

function runs(command, ...args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

/**
 * The compiler's first message about a failure, without its place in the program, and the command.
 * @param {readonly string[]} flags
 */
function failureOf(compiler, flags, { error, stderr, signal }) {
  const lines = (stderr ?? '').split('\n').map((line) => line.trim());
  const message = lines.find((line) =>
    /\berror\b|cannot find|unable to find|undefined reference|unsupported/i.test(line),
  );
  const stopped = signal ? `it was stopped by ${signal}` : null;
  const reason = message ?? stopped ?? lines.find(Boolean) ?? error?.message ?? 'no output';
  return `${reason.replace(/^(<stdin>|\S*\.o):\S* /, '')} (${[compiler, ...flags].join(' ')})`;
}

/** Why a program that includes oneDNN does not compile or link; null if it does. */
function oneDnnFailure(compiler) {
  const folder = mkdtempSync(join(tmpdir(), 'onednn-'));
  const prefix = process.env.ONEDNN_ROOT;
  const places = prefix ? [`-I${prefix}/include`, `-L${prefix}/lib`] : [];
  const flags = ['-x', 'c++', '-std=c++17', '-fopenmp', '-', '-o', join(folder, 'program'), ...places, '-ldnnl'];
  const result = spawnSync(compiler, flags, { input: '#include <dnnl.hpp>\nint main() {}\n', encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  return result.status === 0 ? null : failureOf(compiler, flags, result);
}

/** What a build needs and this machine lacks; null if nothing is missing. */
function missing() {
  const compiler = process.env.CXX ?? 'g++';
  if (!runs(compiler, '--version')) return `no C++ compiler (${compiler})`;
  if (!runs('make', '--version')) return 'no make';
  if (!runs('python3', '--version')) return 'no python3';
  const failure = oneDnnFailure(compiler);
  if (failure === null) return null;
  const what = /dnnl/i.test(failure.split(' (')[0])
    ? `no oneDNN that ${compiler} finds (Debian and Ubuntu: libdnnl-dev)`
    : `${compiler} does not build a program with oneDNN`;
  return `${what}: ${failure}`;
}

/** The option for Node's own headers, if the system has them, so that node-gyp downloads nothing. */
function headerOptions() {
  const candidates = [join(dirname(process.execPath), '..'), '/usr', '/usr/local'];
  const found = candidates.find((prefix) => existsSync(join(prefix, 'include', 'node', 'node_api.h')));
  return found === undefined ? [] : [`--nodedir=${found}`];
}

function compile() {
  const nodeGyp = require.resolve('node-gyp/bin/node-gyp.js');
  const common = ['--directory', root, '--loglevel', 'error', ...headerOptions()];
  const steps = existsSync(complete) ? ['configure', 'build'] : ['rebuild'];
  rmSync(complete, { force: true });
  for (const step of steps) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [nodeGyp, step, ...common, '--jobs', 'max'], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 2 ** 30,
    });
    if (status !== 0) {
      const output = `${stdout}${stderr}`;
      mkdirSync(dirname(log), { recursive: true });
      writeFileSync(log, output);
      const reason = output.split('\n').find((line) => /\berror:|cannot find|killed/i.test(line)) ?? 'it was stopped';
      console.error(`tfjs-backend-onednn: the native add-on did not compile: ${reason.trim()} (all in ${log})`);
      process.exit(1);
    }
  }
  writeFileSync(complete, '');
}

const onlyCheck = process.argv.includes('--check');
const done = upToDate();
const onlyAsk = process.argv.includes('--done');
const lacking = done || onlyAsk ? null : missing();
if (onlyAsk) process.exitCode = done ? 0 : 1;
else if (lacking !== null) {
  console.log(`tfjs-backend-onednn: the native add-on is not built: ${lacking}`);
  if (onlyCheck) process.exitCode = 1;
} else if (!done && !onlyCheck) compile();
