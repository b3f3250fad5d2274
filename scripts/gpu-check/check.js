// Checks --device cuda on a machine with a GPU: kernels against float64, losses and translations against those of cpu
// that bundle.js recorded, and speed beside PyTorch's. Writes one JSON file. It needs the driver; PyTorch and
// compute-sanitizer are used if they are there.
//   node check.js [--out FILE] [--seconds N] [--small]
// --seconds  stop starting checks after N seconds [330]
// --small    small models and few updates, for the emulated driver
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { figuresOf, MODELS, runs, translation, translationsOf } from './runs.js';

const folder = dirname(fileURLToPath(import.meta.url));
const root = resolve(folder, '../..');
const { values: args } = parseArgs({
  options: {
    out: { type: 'string', default: 'gpu-check.json' },
    seconds: { type: 'string', default: '330' },
    small: { type: 'boolean', default: false },
  },
});
const deadline = performance.now() + 1000 * Number(args.seconds);
const work = mkdtempSync(join(tmpdir(), 'gpu-check-'));
const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8'));
/** @type {Record<string, unknown>} */
const report = { date: new Date().toISOString(), checks: {} };

/** Runs one check if there is time, and writes the report after it. */
function check(name, run) {
  const start = performance.now();
  let result;
  if (start > deadline) result = { skipped: 'no time is left' };
  else {
    try {
      result = run();
    } catch (error) {
      result = { passed: false, error: String(error.message ?? error).slice(0, 2000) };
    }
  }
  report.checks[name] = { ...result, seconds: Number(((performance.now() - start) / 1000).toFixed(2)) };
  writeFileSync(args.out, `${JSON.stringify(report, null, 1)}\n`);
  const outcome = result.skipped ? 'skipped' : result.passed === false ? 'FAILED' : 'ok';
  console.log(`${name}: ${outcome}${result.error ? `: ${result.error}` : ''}`);
}

const secondsLeft = () => Math.max(1, Math.ceil((deadline - performance.now()) / 1000));

/** Runs ts-fairseq. @returns what it printed */
function tsFairseq(argv) {
  const result = runProgram(process.execPath, [join(root, 'bin/ts-fairseq.js'), ...argv], secondsLeft());
  if (result.status !== 0)
    throw new Error(`ts-fairseq ${argv[0]}: ${(result.stderr || String(result.error)).slice(-1500)}`);
  return result;
}

/** What a program prints; null if it is not there, fails or takes too long. */
function output(command, argv) {
  const { status, stdout } = runProgram(command, argv, 30);
  return status === 0 ? stdout.trim() : null;
}

/** Runs a program for N seconds at most. */
function runProgram(command, argv, seconds, environment = {}) {
  return spawnSync(command, argv, {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    timeout: 1000 * Math.min(seconds, secondsLeft()),
    killSignal: 'SIGKILL',
    env: { ...process.env, ...environment },
  });
}

/** The largest relative difference of the first figures, and of the last ones. */
function differences(actual, wanted) {
  const relative = (a, b) => Math.abs(a - b) / Math.max(1e-12, Math.abs(b));
  const at = (index) =>
    Math.max(...Object.keys(wanted[index]).map((name) => relative(actual[index][name], wanted[index][name])));
  return { updates: actual.length, first: at(0), last: at(wanted.length - 1) };
}

check('environment', () => ({
  node: process.version,
  nvidiaSmi: output('nvidia-smi', [
    '--query-gpu=name,driver_version,memory.total,clocks.max.sm',
    '--format=csv,noheader',
  ]),
  torch: output('python3', ['-c', 'import torch; print(torch.__version__, torch.version.cuda)']),
  devices: tsFairseq(['devices']).stdout.trim().split('\n'),
}));

check('kernels', () => {
  const tests = join(root, 'packages/tfjs-backend-cuda/build/kernel-tests.mjs');
  const library = process.env.TFJS_CUDA_DRIVER ?? 'libcuda.so.1';
  const { stdout, stderr, status } = runProgram(process.execPath, [tests], 120, { TFJS_CUDA_TEST_DRIVER: library });
  const tested = stdout
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const failed = tested.filter(({ passed }) => !passed);
  return { passed: status === 0 && tested.length > 0, tests: tested.length, failed, stderr: stderr.slice(-1500) };
});

for (const { name, options, tolerance } of runs(args.small)) {
  check(`losses ${name}`, () => {
    const logFile = join(work, `${name}.log`);
    tsFairseq(['train', ...options(root), '--device', 'cuda', '--log-file', logFile, '--no-save']);
    const result = differences(figuresOf(readFileSync(logFile, 'utf8')), expected.figures[name]);
    return { ...result, passed: result.first <= tolerance.first && result.last <= tolerance.last };
  });
}

for (const precision of args.small ? ['float32'] : ['float32', 'bfloat16']) {
  check(`translations ${precision}`, () => {
    const wanted = expected.translations[args.small ? 'small' : 'whole'];
    const flags = precision === 'bfloat16' ? ['--bf16'] : [];
    const ours = translationsOf(tsFairseq([...translation(root, args.small), '--device', 'cuda', ...flags]).stdout);
    const equal = ours.filter((line, index) => line === wanted[index]).length;
    // A GPU rounds differently, which can decide between two hypotheses of nearly equal scores.
    const needed = Math.ceil((precision === 'float32' ? 0.98 : 0.97) * wanted.length);
    const different = ours.filter((line, index) => line !== wanted[index]);
    return { passed: ours.length === wanted.length && equal >= needed, sentences: wanted.length, equal, different };
  });
}

/** Updates of a measurement of speed, and how many of them are not counted: batches of every shape come first. */
const [UPDATES, WARM_UP] = [60, 20];

for (const tokens of args.small ? [] : [4096, 16384]) {
  for (const precision of ['float32', 'bfloat16']) {
    check(`speed ${precision} ${tokens}`, () => {
      const logFile = join(work, `speed-${precision}-${tokens}.log`);
      const options = [...MODELS.large(root), '--max-tokens', String(tokens), '--max-update', String(UPDATES)];
      const flags = precision === 'bfloat16' ? ['--bf16'] : [];
      tsFairseq(['train', ...options, ...flags, '--device', 'cuda', '--log-file', logFile, '--no-save']);
      const settled = figuresOf(readFileSync(logFile, 'utf8'), ['wpb', 'wps']).slice(WARM_UP);
      const sum = (value) => settled.reduce((total, update) => total + value(update), 0);
      const seconds = sum(({ wpb, wps }) => wpb / wps);
      return { targetTokensPerSecond: Math.round(sum(({ wpb }) => wpb) / seconds), updates: settled.length };
    });
    check(`peer ${precision} ${tokens}`, () => {
      const argv = ['--precision', precision, '--max-tokens', tokens, '--updates', UPDATES, '--warm-up', WARM_UP];
      const result = runProgram('python3', [join(folder, 'peer.py'), ...argv.map(String)], 60);
      const { status, stdout, stderr, error } = result;
      if (error?.code === 'ENOENT' || /No module named 'torch'|no CUDA/.test(stderr)) {
        return { skipped: 'PyTorch with CUDA is not there' };
      }
      if (status !== 0) return { passed: false, error: (stderr || String(error)).slice(-1500) };
      return JSON.parse(stdout.trim().split('\n').at(-1));
    });
  }
}

check('compute-sanitizer', () => {
  if (output('compute-sanitizer', ['--version']) === null) return { skipped: 'compute-sanitizer is not there' };
  const argv = ['train', ...runs(true)[0].options(root), '--device', 'cuda', '--max-update', '1', '--no-save'];
  // The add-on counts the parameters of a kernel by asking the driver until it refuses, which is no defect.
  const command = ['--report-api-errors', 'no', process.execPath, join(root, 'bin/ts-fairseq.js'), ...argv];
  const { stdout, status, error } = runProgram('compute-sanitizer', command, secondsLeft());
  if (error?.code === 'ETIMEDOUT') return { skipped: 'no time is left' };
  return { passed: status === 0 && stdout.includes('ERROR SUMMARY: 0 errors'), summary: stdout.slice(-500) };
});

rmSync(work, { recursive: true });
const failed = Object.entries(report.checks)
  .filter(([, { passed }]) => passed === false)
  .map(([name]) => name);
console.log(failed.length === 0 ? `all checks passed: ${args.out}` : `failed: ${failed.join(', ')}; ${args.out}`);
if (failed.length > 0) process.exitCode = 1;
