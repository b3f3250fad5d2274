// Compiles the add-on with node-gyp. Without a compiler or the library it says so in one line and leaves the rest of the
// installation working; when nothing has changed since the last build it does nothing.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const addon = join(root, 'build', 'Release', 'sentencepiece.node');
const require = createRequire(import.meta.url);

function upToDate() {
  const sources = readdirSync(join(root, 'cc')).map((name) => join(root, 'cc', name));
  const newest = Math.max(...[join(root, 'binding.gyp'), ...sources].map((file) => statSync(file).mtimeMs));
  return existsSync(addon) && statSync(addon).mtimeMs >= newest;
}

/** What a build needs and this machine lacks, or undefined. */
function missing() {
  const command = [process.env.CXX ?? 'g++', 'make', 'python3'].find(
    (name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status !== 0,
  );
  if (command !== undefined) return `no ${command}`;
  const prefixes = [process.env.SENTENCEPIECE_ROOT, '/usr', '/usr/local'].filter(Boolean);
  if (!prefixes.some((prefix) => existsSync(join(prefix, 'include', 'sentencepiece_trainer.h')))) {
    return 'no SentencePiece headers (Debian and Ubuntu: libsentencepiece-dev)';
  }
  return undefined;
}

/** Node's own headers where the system has them, so that node-gyp downloads nothing. */
function headerOptions() {
  const candidates = [join(dirname(process.execPath), '..'), '/usr', '/usr/local'];
  const found = candidates.find((prefix) => existsSync(join(prefix, 'include', 'node', 'node_api.h')));
  return found === undefined ? [] : [`--nodedir=${found}`];
}

function compile() {
  const nodeGyp = require.resolve('node-gyp/bin/node-gyp.js');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [nodeGyp, 'rebuild', '--directory', root, '--loglevel', 'error', ...headerOptions(), '--jobs', 'max'],
    { cwd: root, encoding: 'utf8', env: { ...process.env, V: '0' } },
  );
  if (status === 0) return;
  process.stderr.write(`${stdout}${stderr}`);
  process.stderr.write('sentencepiece-native: the add-on did not compile; see the messages above\n');
  process.exit(1);
}

const lacking = missing();
if (lacking !== undefined) console.log(`sentencepiece-native: the add-on is not built: ${lacking}`);
else if (!upToDate()) compile();
