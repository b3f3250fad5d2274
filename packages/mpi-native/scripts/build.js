// Compiles the add-on with node-gyp, unless it is up to date. Without a compiler or Open MPI, prints one line and exits with
// status 0, because everything else works without the add-on.
//   --check  compile nothing; status 1 and that line if the add-on neither is built nor can be built
//   --done   compile nothing; status 0 if the add-on is built, otherwise 1
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
/** Written after a complete build, so that a killed build is repeated. */
const complete = join(root, 'build', 'complete');
/** The output of the last compilation that failed. */
const log = join(root, 'build', 'compile.log');
/** Open MPI's compiler for C, which knows the flags; `MPICC` names another one. */
const wrapper = process.env.MPICC ?? 'mpicc';
const require = createRequire(import.meta.url);

function upToDate() {
  const sources = readdirSync(join(root, 'cc')).map((name) => join(root, 'cc', name));
  const newest = Math.max(...[join(root, 'binding.gyp'), ...sources].map((file) => statSync(file).mtimeMs));
  return existsSync(complete) && statSync(complete).mtimeMs >= newest;
}

/**
 * The compiler's first error message, without its place in the program, and the command.
 * @param {readonly string[]} flags
 */
function failureOf(compiler, flags, { error, stderr, signal }) {
  const lines = (stderr ?? '').split('\n').map((line) => line.trim());
  const said = lines.find((line) => /\berror\b|cannot find|unable to find|undefined reference|unsupported/i.test(line));
  const stopped = signal ? `it was stopped by ${signal}` : null;
  const reason = said ?? stopped ?? lines.find(Boolean) ?? error?.message ?? 'no message';
  return `${reason.replace(/^(<stdin>|\S*\.o):\S* /, '')} (${[compiler, ...flags].join(' ')})`;
}

/** The flags with which a program that uses MPI is compiled and linked, or null if there is no Open MPI. */
function flagsOfOpenMpi() {
  const parts = ['--showme:compile', '--showme:link'].map((what) => spawnSync(wrapper, [what], { encoding: 'utf8' }));
  if (parts.some(({ status }) => status !== 0)) return null;
  return parts.flatMap(({ stdout }) => stdout.trim().split(/\s+/)).filter(Boolean);
}

/** Why a program that includes MPI does not compile or link, or null if it does. */
function mpiFailure(compiler, mpiFlags) {
  const folder = mkdtempSync(join(tmpdir(), 'mpi-'));
  const flags = ['-x', 'c++', '-std=c++17', '-DOMPI_SKIP_MPICXX', '-', '-o', join(folder, 'program'), ...mpiFlags];
  const program = '#include <mpi.h>\nint main() { return MPI_Finalize(); }\n';
  const result = spawnSync(compiler, flags, { input: program, encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  return result.status === 0 ? null : failureOf(compiler, flags, result);
}

const PACKAGES = 'Debian and Ubuntu: libopenmpi-dev openmpi-bin';

/** The missing requirement of a build, or undefined. */
function missing() {
  const compiler = process.env.CXX ?? 'g++';
  const command = [compiler, 'make', 'python3'].find(
    (name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status !== 0,
  );
  if (command !== undefined) return `no ${command}`;
  const mpiFlags = flagsOfOpenMpi();
  if (mpiFlags === null) return `no Open MPI: ${wrapper} is missing (${PACKAGES})`;
  const failure = mpiFailure(compiler, mpiFlags);
  if (failure === null) return undefined;
  const what = /mpi\.h|lmpi|MPI_/.test(failure.split(' (')[0])
    ? `no Open MPI that ${compiler} finds (${PACKAGES})`
    : `${compiler} does not build a program with Open MPI`;
  return `${what}: ${failure}`;
}

/** The option for Node's headers if they are installed, so that node-gyp does not download them. */
function headerOptions() {
  const candidates = [join(dirname(process.execPath), '..'), '/usr', '/usr/local'];
  const found = candidates.find((prefix) => existsSync(join(prefix, 'include', 'node', 'node_api.h')));
  return found === undefined ? [] : [`--nodedir=${found}`];
}

function compile() {
  const nodeGyp = require.resolve('node-gyp/bin/node-gyp.js');
  rmSync(complete, { force: true });
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [nodeGyp, 'rebuild', '--directory', root, '--loglevel', 'error', ...headerOptions(), '--jobs', 'max'],
    { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 30, env: { ...process.env, MPICC: wrapper } },
  );
  mkdirSync(dirname(log), { recursive: true });
  if (status === 0) {
    writeFileSync(complete, '');
    return;
  }
  const output = `${stdout}${stderr}`;
  writeFileSync(log, output);
  const reason = output.split('\n').find((line) => /\berror:|cannot find|killed/i.test(line)) ?? 'it was stopped';
  console.error(`mpi-native: the add-on did not compile: ${reason.trim()} (full output: ${log})`);
  process.exit(1);
}

const onlyCheck = process.argv.includes('--check');
const done = upToDate();
const onlyAsk = process.argv.includes('--done');
const lacking = done || onlyAsk ? undefined : missing();
if (onlyAsk) process.exitCode = done ? 0 : 1;
else if (lacking !== undefined) {
  console.log(`mpi-native: the add-on is not built: ${lacking}`);
  if (onlyCheck) process.exitCode = 1;
} else if (!done && !onlyCheck) compile();
