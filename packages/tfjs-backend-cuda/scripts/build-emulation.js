// Compiles the emulated driver and every kernel of cu/ for it with g++, into build/emulation: what tests run on a machine without
// a GPU. Only what has changed is compiled again.
//   --sanitize  compiles into build/emulation-sanitized, with AddressSanitizer and UndefinedBehaviorSanitizer
//   NAME …      compiles only these kernels: files of cu/ without .cu, or paths from there
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const sanitize = process.argv.includes('--sanitize');
const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const folder = join(root, 'build', sanitize ? 'emulation-sanitized' : 'emulation');

// No contraction: the processor rounds every product, so results do not depend on its instruction set. Without gnu-unique,
// every shared object has the shim's variables of its own.
const flags = ['-std=c++17', '-fPIC', '-shared', '-fvisibility=hidden', '-fno-gnu-unique', '-ffp-contract=off'];
flags.push(
  '-U_FORTIFY_SOURCE',
  '-Wall',
  '-Wextra',
  '-Wno-unknown-pragmas',
  '-Wno-unused-function',
  '-Wno-unused-parameter',
);
if (sanitize) flags.push('-O1', '-g1', '-fsanitize=address,undefined', '-fno-sanitize-recover=all');
else flags.push('-O2');

const modified = (file) => statSync(file).mtimeMs;
const filesOf = (part, extension) =>
  readdirSync(join(root, part)).flatMap((name) => (name.endsWith(extension) ? [join(root, part, name)] : []));

const headers = [...filesOf('cu', '.h'), ...filesOf('emulation', '.h'), fileURLToPath(import.meta.url)];
const newestHeader = Math.max(...headers.map(modified));

/** What is to be compiled: the driver, cuBLASLt, and the kernels. */
const targets = [
  { source: join(root, 'emulation', 'libcuda.cc'), output: join(folder, 'libcuda.so.1') },
  { source: join(root, 'emulation', 'libcublaslt.cc'), output: join(folder, 'libcublasLt.so.12') },
  ...(names.length === 0 ? filesOf('cu', '.cu') : names.map((name) => join(root, 'cu', `${name}.cu`))).map(
    (source) => ({
      source,
      output: join(folder, `${basename(source, '.cu')}.so`),
    }),
  ),
];
const outdated = targets.filter(
  ({ source, output }) => !existsSync(output) || modified(output) < Math.max(modified(source), newestHeader),
);

/** Compiles one file. A file that was loaded is replaced, not overwritten. */
function compile({ source, output }) {
  const made = `${output}.${process.pid}`;
  const includes = [join(root, 'cu'), join(root, 'emulation')].map((path) => `-I${path}`);
  const compiler = spawn(process.env.CXX ?? 'g++', [...flags, ...includes, '-x', 'c++', source, '-o', made, '-ldl'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    compiler.on('error', reject);
    compiler.on('close', (status) => {
      if (status === 0) renameSync(made, output);
      else rmSync(made, { force: true });
      resolve(status === 0);
    });
  });
}

mkdirSync(folder, { recursive: true });
let failed = false;
async function work() {
  for (let target = outdated.shift(); target !== undefined; target = outdated.shift()) {
    if (!(await compile(target))) failed = true;
  }
}
await Promise.all(Array.from({ length: Math.min(availableParallelism(), 4) }, work));
if (failed) {
  console.error('tfjs-backend-cuda: the emulated kernels did not compile (see above)');
  process.exitCode = 1;
}
