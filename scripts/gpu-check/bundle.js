// Makes the bundle for a machine with a GPU but without Node and network: Node, the command line, the add-on, cubins, the
// kernel tests, data, a model, and the losses and translations of cpu.
//   node scripts/gpu-check/bundle.js [FILE.tar.xz]
// It records what check.js loads with the emulated driver, and packs these files only.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleKernelTests } from './bundle-kernel-tests.js';
import { DATA, figuresOf, MODELS, runs, translation, translationsOf } from './runs.js';

const folder = dirname(fileURLToPath(import.meta.url));
const root = resolve(folder, '../..');
const cuda = join(root, 'packages/tfjs-backend-cuda');
const work = join(cuda, 'build/gpu-check');
const archive = resolve(process.argv[2] ?? join(cuda, 'build/gpu-check.tar.xz'));
const trace = join(work, 'trace.txt');

/** Runs a program of Node from the root. @returns what it printed */
function run(argv, environment = {}) {
  const result = spawnSync(process.execPath, argv, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    env: { ...process.env, ...environment },
  });
  if (result.status !== 0)
    throw new Error(`${argv.join(' ')}:\n${result.stderr.slice(-3000)}\n${result.stdout.slice(-1000)}`);
  return result.stdout;
}

const tsFairseq = (argv, environment) => run([join(root, 'bin/ts-fairseq.js'), ...argv], environment);

/** Losses of every run and translations, by cpu. */
function record() {
  const figures = {};
  for (const { name, options } of [...runs(false), ...runs(true)]) {
    const log = join(work, 'record.log');
    rmSync(log, { force: true });
    tsFairseq(['train', ...options(root), '--device', 'cpu', '--no-save', '--log-file', log]);
    figures[name] = figuresOf(readFileSync(log, 'utf8'));
  }
  const [whole, small] = [false, true].map((isSmall) => translationsOf(tsFairseq(translation(root, isSmall))));
  return { figures, translations: { whole, small } };
}

/** Trains the model to translate with, in a minute or two. */
function trainModel() {
  if (existsSync(join(root, `${MODELS.model}.safetensors`))) return;
  const [{ options }] = runs(false);
  const schedule = [
    '--max-update',
    '0',
    '--max-epoch',
    '8',
    '--lr',
    '5e-3',
    '--lr-scheduler',
    'inverse_sqrt',
    '--warmup-updates',
    '200',
  ];
  tsFairseq([
    'train',
    ...options(root),
    ...schedule,
    '--no-epoch-checkpoints',
    '--save-dir',
    join(root, dirname(MODELS.model)),
  ]);
}

/** Copies a file of the project to the same place in the bundle, with the package.json files above it. */
function add(file, target) {
  const place = join(target, relative(root, file));
  if (existsSync(place)) return;
  mkdirSync(dirname(place), { recursive: true });
  copyFileSync(file, place);
  for (let above = dirname(file); above.startsWith(root); above = dirname(above)) {
    const description = join(above, 'package.json');
    if (existsSync(description)) add(description, target);
  }
}

rmSync(work, { recursive: true, force: true });
mkdirSync(work, { recursive: true });
run([join(cuda, 'scripts/build.js')]);
run([join(cuda, 'scripts/build-emulation.js')]);
const buildCubins = join(cuda, 'scripts/build-cubins.js');
if (spawnSync(process.execPath, [buildCubins, '--has-compiler']).status === 0) run([buildCubins]);
else console.error('warning: without NVRTC, the cubins may be older than the kernels; run scripts/setup-cuda.sh');
await bundleKernelTests(join(cuda, 'build/kernel-tests.mjs'));
if (!existsSync(join(root, DATA)))
  execFileSync('bash', [join(root, 'scripts/prepare-embedded.sh')], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
trainModel();
const expected = join(folder, 'expected.json');
writeFileSync(expected, JSON.stringify(record()));
const hook = ['--import', join(folder, 'trace.js')];
const traced = { TFJS_CUDA_DRIVER: 'emulated', TRACE_FILE: trace };
const [{ options }] = runs(true);
run(
  [
    ...hook,
    'bin/ts-fairseq.js',
    'train',
    ...options(root),
    '--max-update',
    '1',
    '--device',
    'cuda',
    '--no-save',
    '--log-file',
    join(work, 'x.log'),
  ],
  traced,
);
run(
  [
    ...hook,
    'bin/ts-fairseq.js',
    'generate',
    join(root, MODELS.data),
    '--path',
    join(root, MODELS.model),
    '--max-len-a',
    '0',
    '--max-len-b',
    '1',
    '--beam',
    '1',
    '--device',
    'cuda',
  ],
  traced,
);
run([...hook, 'bin/ts-fairseq.js', 'devices'], traced);

const target = join(work, 'gpu-check');
const files = new Set(
  readFileSync(trace, 'utf8')
    .split('\n')
    .filter((file) => file.startsWith(root) && existsSync(file)),
);
for (const file of files) if (!file.startsWith(join(folder, 'trace'))) add(realpathSync(file), target);
const extra = [
  ...['check.js', 'runs.js', 'peer.py', 'expected.json'].map((name) => join(folder, name)),
  join(root, 'bench/peers/training_step.py'),
  join(cuda, 'build/kernel-tests.mjs'),
  join(root, `${MODELS.model}.safetensors`),
  ...readdirSync(join(root, MODELS.data))
    .map((name) => join(root, MODELS.data, name))
    .filter((file) => statSync(file).isFile()),
];
for (const file of extra) add(file, target);
const cubins = join(cuda, 'build/cubins');
if (existsSync(cubins)) cpSync(cubins, join(target, relative(root, cubins)), { recursive: true });
else console.error('warning: no cubins; run scripts/setup-cuda.sh and build-cubins.js first');
for (const name of readdirSync(join(root, 'node_modules'))) {
  const link = join(root, 'node_modules', name);
  if (!lstatSync(link).isSymbolicLink()) continue;
  mkdirSync(join(target, 'node_modules'), { recursive: true });
  symlinkSync(`../${relative(root, realpathSync(link))}`, join(target, 'node_modules', name));
}
copyFileSync(realpathSync(process.execPath), join(target, 'node'));
spawnSync('strip', [join(target, 'node')]);
execFileSync('tar', ['-C', work, '-cJf', archive, 'gpu-check'], { env: { ...process.env, XZ_OPT: '-6 -T2' } });
console.log(`${archive}: ${(statSync(archive).size / 2 ** 20).toFixed(1)} MiB, ${files.size} files`);
