// Compiles the native add-on with node-gyp. Without a compiler or oneDNN it says so in one line and leaves the rest of
// the installation working; when nothing has changed since the last build it does nothing.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
/** One of the builds for several instruction sets; they are made together. */
const addon = join(root, 'build', 'Release', 'onednn_baseline.node');
const require = createRequire(import.meta.url);

/** Modification times of everything the add-on is made from, in milliseconds. */
function newestSource() {
  const files = [join(root, 'binding.gyp'), fileURLToPath(import.meta.url)];
  for (const entry of readdirSync(join(root, 'cc'), { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) files.push(join(entry.parentPath ?? entry.path, entry.name));
  }
  return Math.max(...files.map((file) => statSync(file).mtimeMs));
}

function upToDate() {
  return existsSync(addon) && statSync(addon).mtimeMs >= newestSource();
}

function runs(command, ...args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

/** What a build needs and this machine lacks, or null. */
function missing() {
  const compiler = process.env.CXX ?? 'g++';
  if (!runs(compiler, '--version')) return `no C++ compiler (${compiler})`;
  if (!runs('make', '--version')) return 'no make';
  if (!runs('python3', '--version')) return 'no python3';
  const prefixes = [process.env.ONEDNN_ROOT, '/usr', '/usr/local'].filter(Boolean);
  if (!prefixes.some((prefix) => existsSync(join(prefix, 'include', 'dnnl.h')))) {
    return 'no oneDNN headers (Debian and Ubuntu: libdnnl-dev)';
  }
  return null;
}

/** Node's own headers where the system has them, so that node-gyp downloads nothing. */
function headerOptions() {
  const candidates = [join(dirname(process.execPath), '..'), '/usr', '/usr/local'];
  const found = candidates.find((prefix) => existsSync(join(prefix, 'include', 'node', 'node_api.h')));
  return found === undefined ? [] : [`--nodedir=${found}`];
}

function compile() {
  const nodeGyp = require.resolve('node-gyp/bin/node-gyp.js');
  const common = ['--directory', root, '--loglevel', 'error', ...headerOptions()];
  const configured = existsSync(join(root, 'build', 'Makefile'));
  const steps = configured ? ['configure', 'build'] : ['rebuild'];
  for (const step of steps) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [nodeGyp, step, ...common, '--jobs', 'max'], {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, V: '0' },
    });
    if (status !== 0) {
      process.stderr.write(`${stdout}${stderr}`);
      process.stderr.write('tfjs-backend-onednn: the native add-on did not compile; see the messages above\n');
      process.exit(1);
    }
  }
}

const lacking = missing();
if (lacking !== null) console.log(`tfjs-backend-onednn: the native add-on is not built: ${lacking}`);
else if (!upToDate()) compile();
