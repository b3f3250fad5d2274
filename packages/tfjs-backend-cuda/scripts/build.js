// Compiles the add-on with node-gyp, unless it is up to date. No CUDA is needed. Without a compiler, prints one line and exits
// with status 0, because everything else works without the add-on.
//   --check  compiles nothing; status 1 and that line if the add-on neither is built nor can be built
//   --done   compiles nothing; status 0 if the add-on is built, otherwise 1
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
/** Written after a complete build, so that a killed build is repeated. */
const complete = join(root, 'build', 'complete');
/** The output of the last compilation that failed. */
const log = join(root, 'build', 'compile.log');
const require = createRequire(import.meta.url);

function upToDate() {
  const sources = readdirSync(join(root, 'cc')).map((name) => join(root, 'cc', name));
  const newest = Math.max(...[join(root, 'binding.gyp'), ...sources].map((file) => statSync(file).mtimeMs));
  return existsSync(complete) && statSync(complete).mtimeMs >= newest;
}

/** The missing requirement of a build, or undefined. */
function missing() {
  const compiler = process.env.CXX ?? 'g++';
  const options = { input: 'int main() {}\n', stdio: ['pipe', 'ignore', 'ignore'] };
  if (spawnSync(compiler, ['-x', 'c++', '-std=c++17', '-fsyntax-only', '-'], options).status !== 0) {
    return `no C++ compiler (${compiler})`;
  }
  const tool = ['make', 'python3'].find((name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status !== 0);
  return tool && `no ${tool}`;
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
  // Not `rebuild`, which would delete the emulated driver's and the cubins' folders too.
  for (const step of ['configure', 'build']) {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [nodeGyp, step, '--directory', root, '--loglevel', 'error', ...headerOptions(), '--jobs', 'max'],
      { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 30 },
    );
    if (status === 0) continue;
    const output = `${stdout}${stderr}`;
    mkdirSync(dirname(log), { recursive: true });
    writeFileSync(log, output);
    const reason = output.split('\n').find((line) => /\berror:|cannot find|killed/i.test(line)) ?? 'it was stopped';
    console.error(`tfjs-backend-cuda: the add-on did not compile: ${reason.trim()} (full output: ${log})`);
    process.exit(1);
  }
  writeFileSync(complete, '');
}

const onlyCheck = process.argv.includes('--check');
const done = upToDate();
const onlyAsk = process.argv.includes('--done');
const lacking = done || onlyAsk ? undefined : missing();
if (onlyAsk) process.exitCode = done ? 0 : 1;
else if (lacking !== undefined) {
  console.log(`tfjs-backend-cuda: the add-on is not built: ${lacking}`);
  if (onlyCheck) process.exitCode = 1;
} else if (!done && !onlyCheck) compile();
