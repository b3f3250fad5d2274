// Compiles every kernel of cu/ with NVRTC, once per architecture, into build/cubins/sm_NN. Only what has changed is compiled
// again. Neither a driver nor a GPU is needed. scripts/setup-cuda.sh of the repository fetches NVRTC.
//   --check         compiles everything into no folder; prints the registers and spills of every kernel; status 1 if a kernel
//                   spills although its file says `// no spills`
//   --has-compiler  compiles nothing; status 0 if NVRTC is found and knows all architectures, otherwise 1
//   NAME …          only these kernels: files of cu/ without .cu, or with --check paths from there
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Ampere, Hopper and the two Blackwells. A cubin runs on later minor versions of its major version too. */
const ARCHITECTURES = ['sm_80', 'sm_90', 'sm_100', 'sm_120'];

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const options = process.argv.slice(2).filter((argument) => argument.startsWith('--'));
const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));

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

/** The kernels in ptxas's log, with their registers and the bytes that they spill. */
function resources(log) {
  const blocks = log.split(/Compiling entry function '/).slice(1);
  return blocks.map((block) => ({
    kernel: block.slice(0, block.indexOf("'")),
    registers: Number(/Used (\d+) registers/.exec(block)?.[1]),
    spilled: Number(/(\d+) bytes spill stores/.exec(block)?.[1] ?? 0),
    stack: Number(/(\d+) bytes stack frame/.exec(block)?.[1] ?? 0),
  }));
}

/** Compiles a kernel's file for an architecture. Returns the kernels that break their file's promise, one text each. */
function build(library, name, architecture, check) {
  const path = join(root, 'cu', `${name}.cu`);
  const output = join(root, 'build', 'cubins', architecture, `${name}.cubin`);
  if (!check && existsSync(output) && modified(output) >= Math.max(modified(path), newestHeader)) return [];
  const source = readFileSync(path, 'utf8');
  const { cubin, log } = compile(library, source, `${name}.cu`, architecture);
  if (!check) {
    mkdirSync(dirname(output), { recursive: true });
    writeFileSync(output, cubin);
    return [];
  }
  const kernels = resources(log);
  for (const { kernel, registers, spilled, stack } of kernels) {
    const place = `${architecture} ${name}/${kernel}`.padEnd(64);
    console.log(`${place} ${registers} registers, ${spilled} bytes spilled, ${stack} bytes of stack`);
  }
  if (!/^\/\/ no spills$/m.test(source)) return [];
  return kernels.filter(({ spilled }) => spilled > 0).map(({ kernel }) => `${architecture} ${name}/${kernel} spills`);
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
  const problems = chosen.flatMap((name) =>
    ARCHITECTURES.flatMap((architecture) => {
      try {
        return build(library, name, architecture, options.includes('--check'));
      } catch (error) {
        return [error.message];
      }
    }),
  );
  for (const problem of problems) console.error(`tfjs-backend-cuda: ${problem}`);
  return problems.length === 0 ? 0 : 1;
}

process.exitCode = main();
