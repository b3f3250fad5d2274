// Compiles every kernel of cu/ with NVRTC, once per architecture, into build/cubins/sm_NN. Only what has changed is compiled
// again. Neither a driver nor a GPU is needed. scripts/setup-cuda.sh of the repository fetches NVRTC.
//   --check         compiles everything into no folder; prints the registers and spills of every kernel; status 1 if a kernel
//                   breaks a promise of its file (scripts/promises.js), such as the line `// no spills`. Reads the machine
//                   code with nvdisasm, which scripts/setup-cuda.sh --development fetches
//   --has-compiler  compiles nothing; status 0 if NVRTC is found and knows all architectures, otherwise 1
//   --architecture=sm_NN  compiles for this architecture instead of the usual ones; may be repeated
//   NAME …          only these kernels: files of cu/ without .cu, or with --check paths from there
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brokenPromises, needsDisassembly, resources } from './promises.js';

/** Ampere, Hopper and the two Blackwells. A cubin runs on later minor versions of its major version too. */
const USUAL_ARCHITECTURES = ['sm_80', 'sm_90', 'sm_100', 'sm_120'];

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const options = process.argv.slice(2).filter((argument) => argument.startsWith('--'));
const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const wanted = options.filter((option) => option.startsWith('--architecture=')).map((option) => option.split('=')[1]);
const ARCHITECTURES = wanted.length > 0 ? wanted : USUAL_ARCHITECTURES;

/** Where NVRTC may be, in this order. */
function* candidates() {
  if (process.env.TFJS_CUDA_NVRTC) yield process.env.TFJS_CUDA_NVRTC;
  for (const folder of [
    join(root, 'build', 'libraries', 'nvidia', 'cuda_nvrtc', 'lib'),
    '/usr/local/cuda/lib64',
    '/usr/lib/x86_64-linux-gnu',
    '/usr/lib/aarch64-linux-gnu',
  ]) {
    for (const version of [12, 13]) {
      const path = join(folder, `libnvrtc.so.${version}`);
      if (existsSync(path)) yield path;
    }
  }
}

function addon() {
  const path = join(root, 'build', 'Release', 'cuda.node');
  if (!existsSync(path))
    throw new Error(`the add-on is not built: node ${join(root, 'scripts', 'build.js')} builds it`);
  return createRequire(import.meta.url)(path);
}

const compile = (library, source, name, architecture) =>
  addon().compile(library, source, name, architecture, [join(root, 'cu')]);

/** The first NVRTC that knows the newest architecture; undefined if there is none. */
function findCompiler() {
  for (const library of candidates()) {
    try {
      compile(library, '', 'empty.cu', ARCHITECTURES.at(-1));
      return library;
    } catch {
      // Too old, or not loadable here.
    }
  }
  return undefined;
}

const modified = (file) => statSync(file).mtimeMs;
const inKernels = (extension) => readdirSync(join(root, 'cu')).filter((name) => name.endsWith(extension));
const newestHeader = Math.max(...inKernels('.h').map((name) => modified(join(root, 'cu', name))));

/** The first nvdisasm that runs; undefined if there is none. */
function findDisassembler() {
  const fetched = join(root, 'build', 'libraries', 'nvidia', 'cu13', 'bin', 'nvdisasm');
  return [fetched, '/usr/local/cuda/bin/nvdisasm', 'nvdisasm'].find(
    (program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0,
  );
}

/** The machine code of a cubin as text. */
function disassemble(disassembler, cubin) {
  const folder = mkdtempSync(join(tmpdir(), 'cubin-'));
  try {
    const file = join(folder, 'kernel.cubin');
    writeFileSync(file, cubin);
    const { status, stdout, stderr } = spawnSync(disassembler, ['-c', file], { encoding: 'utf8', maxBuffer: 2 ** 30 });
    if (status !== 0) throw new Error(`nvdisasm failed: ${stderr.trim()}`);
    return stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const sourceOf = (name) => readFileSync(join(root, 'cu', `${name}.cu`), 'utf8');

/** Compiles a kernel's file for an architecture into its folder, unless it is up to date. */
function build(library, name, architecture) {
  const path = join(root, 'cu', `${name}.cu`);
  const output = join(root, 'build', 'cubins', architecture, `${name}.cubin`);
  if (existsSync(output) && modified(output) >= Math.max(modified(path), newestHeader)) return;
  const { cubin } = compile(library, sourceOf(name), `${name}.cu`, architecture);
  mkdirSync(dirname(output), { recursive: true });
  writeFileSync(output, cubin);
}

/** Compiles a kernel's file and prints its kernels. Returns the promises of the file that they break, one text each. */
function check(library, disassembler, name, architecture) {
  const source = sourceOf(name);
  const { cubin, log } = compile(library, source, `${name}.cu`, architecture);
  for (const { kernel, registers, spilled, stack } of resources(log)) {
    const place = `${architecture} ${name}/${kernel}`.padEnd(64);
    console.log(`${place} ${registers} registers, ${spilled} bytes spilled, ${stack} bytes of stack`);
  }
  const disassembly = needsDisassembly(source) ? disassemble(disassembler, cubin) : '';
  return brokenPromises(source, log, disassembly).map((problem) => `${architecture} ${name}/${problem}`);
}

function main() {
  const library = findCompiler();
  if (options.includes('--has-compiler')) return library === undefined ? 1 : 0;
  if (library === undefined) {
    console.error(
      'tfjs-backend-cuda: no NVRTC of CUDA 12.8 or newer is found: bash scripts/setup-cuda.sh fetches it (or set TFJS_CUDA_NVRTC to libnvrtc.so.12)',
    );
    return 2;
  }
  const chosen = names.length > 0 ? names : inKernels('.cu').map((name) => basename(name, '.cu'));
  const checks = options.includes('--check');
  const disassembler = findDisassembler();
  if (checks && disassembler === undefined && chosen.some((name) => needsDisassembly(sourceOf(name)))) {
    console.error(
      'tfjs-backend-cuda: nvdisasm is not found: bash scripts/setup-cuda.sh --development fetches it (5 MB)',
    );
    return 2;
  }
  const problems = chosen.flatMap((name) =>
    ARCHITECTURES.flatMap((architecture) => {
      try {
        if (checks) return check(library, disassembler, name, architecture);
        build(library, name, architecture);
        return [];
      } catch (error) {
        return [error.message];
      }
    }),
  );
  for (const problem of problems) console.error(`tfjs-backend-cuda: ${problem}`);
  return problems.length === 0 ? 0 : 1;
}

process.exitCode = main();
