import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAvailable as hasSentencePiece } from 'sentencepiece-native';
import { isAvailable as hasOneDnn } from 'tfjs-backend-onednn';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { buildEmulation } from '../../packages/tfjs-backend-cuda/test/helpers/emulated.js';
import { runCommandLine } from '../helpers/command-line.js';
import { EmptyProject, pack, root } from '../helpers/empty-project.js';
import { saveReferenceCheckpoint } from '../helpers/reference-checkpoint.js';
import { goldenData } from '../helpers/reference-model.js';
import { SMALL_SIZES } from '../helpers/small-model.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { goldenPath } from '../text/golden.js';

// Programs that compile, pack and train take long on a busy machine.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const install = (workspace: string): EmptyProject => new EmptyProject(pack(workspace), workspace);

/**
 * Copies an add-on that is compiled here to where a package's scripts/build.js, which takes minutes, would compile it.
 * @param part the folder in `build`
 */
function addBuild(project: EmptyProject, workspace: string, installed: string, part = 'Release'): void {
  cpSync(join(root, workspace, 'build', part), join(project.folder, 'node_modules', installed, 'build', part), {
    recursive: true,
    filter: (path) => !/obj\.target|\.deps/u.test(path),
  });
}

afterEach(() => void vi.unstubAllEnvs());

describe('ts-fairseq in an empty project', () => {
  const TEXT = 'Unerwartetes Token. Der Typ!';
  const folder = temporaryFolder();
  const [model, checkpoint] = [join(folder, 'model'), join(folder, 'trained')];
  const COMMAND = ['ts-fairseq', 'bin/ts-fairseq.js'] as const;
  let project: EmptyProject;

  beforeAll(() => {
    saveReferenceCheckpoint(checkpoint, 'trained');
    project = install('');
  });

  it('exports a model folder, and translates with it by command and by library', async () => {
    const steps = ['--tokenizer', 'moses', '--lowercase', '--bpe-codes', goldenPath('bpe/codes'), '--max-len-b', '8'];
    project.runCommand(...COMMAND, ['export', '--path', checkpoint, '--data', goldenData, '--to', model, ...steps]);
    const output = join(folder, 'out');
    const translated = await runCommandLine(['translate', model, '--device', 'wasm', '--output', output, TEXT]);
    expect(translated).toMatchObject({ code: 0 });
    const text = project.runCommand(...COMMAND, ['translate', model, '--device', 'wasm', TEXT]);
    expect(text).toBe(project.run('cat', [output]));
    const program = `
      import { Translator } from 'ts-fairseq';
      import { transformer } from 'ts-fairseq/nn';
      const translator = await Translator.load({ model: ${JSON.stringify(model)}, device: 'wasm' });
      console.log((await translator.translateText(${JSON.stringify(TEXT)})).text);
      translator.dispose();
      if (transformer.name !== 'transformer') throw new Error(transformer.name);
    `;
    expect(project.runModule(program)).toBe(text);
  });

  it.runIf(hasOneDnn().available)('trains on cpu, where the add-on is built', () => {
    const name = 'tfjs-backend-onednn';
    addBuild(project, `packages/${name}`, `ts-fairseq/node_modules/${name}`);
    const training = ['--criterion', 'encouraging', '--lr', '0.01', '--max-tokens', '500', '--max-update', '1'];
    const saved = ['--save-dir', join(folder, 'checkpoints'), '--device', 'cpu', '--arch', 'transformer'];
    project.runCommand(...COMMAND, ['train', goldenData, ...saved, ...SMALL_SIZES, ...training]);
    expect(project.run('ls', [join(folder, 'checkpoints')])).toContain('checkpoint_last.safetensors');
  });
});

describe('sacrebleu-ts in an empty project', () => {
  const project = install('packages/sacrebleu-ts');

  it('scores in a program and on the command line', () => {
    const program = `
      import { Bleu, formatScore } from 'sacrebleu-ts';
      console.log(formatScore(new Bleu().corpusScore(['The dog bit the man.'], [['The dog bit the man.']])));
    `;
    expect(project.runModule(program)).toMatch(/^BLEU = 100\.00 /u);
    writeFileSync(join(project.folder, 'text'), 'The dog bit the man.\n');
    const score = project.runCommand('sacrebleu-ts', 'bin/sacrebleu-ts.js', [
      'text',
      '--input',
      'text',
      '--score-only',
    ]);
    expect(Number(score)).toBeCloseTo(100);
  });
});

describe('sentencepiece-native in an empty project', () => {
  const name = 'sentencepiece-native';

  it.runIf(hasSentencePiece().available)('trains and encodes, where the add-on is built', () => {
    const project = install(`packages/${name}`);
    addBuild(project, `packages/${name}`, name);
    const program = `
      import { addon } from '${name}';
      const { Model, train } = addon();
      const batches = [['A sentence.', 'Another one.'], null];
      const bytes = train({ model_type: 'bpe', vocab_size: '20', hard_vocab_limit: 'false' }, () => batches.shift() ?? null);
      const model = new Model(bytes);
      console.log(model.decodeLine(model.encodeLine('A sentence.')));
    `;
    expect(project.runModule(program)).toBe('A sentence.\n');
  });
});

describe('the backends in an empty project', () => {
  /** Prints a product of two matrices on a backend. */
  const product = (name: string, register: string, backend: string): string => `
    import { createRequire } from 'node:module';
    import { ${register} } from '${name}';
    const tf = createRequire(import.meta.url)('@tensorflow/tfjs-core');
    ${register}();
    if (!(await tf.setBackend('${backend}'))) throw new Error('the backend did not start');
    const c = tf.matMul(tf.tensor2d([[1, 2], [3, 4]]), tf.tensor2d([[5, 6], [7, 8]]));
    console.log(JSON.stringify(await c.array()));
  `;

  it.runIf(hasOneDnn().available)('tfjs-backend-onednn multiplies matrices, where its add-on is built', () => {
    const name = 'tfjs-backend-onednn';
    const project = install(`packages/${name}`);
    addBuild(project, `packages/${name}`, name);
    expect(project.runModule(product(name, 'registerOneDnnBackend', 'onednn'))).toBe('[[19,22],[43,50]]\n');
  });

  it('tfjs-backend-cuda multiplies matrices on the emulated driver', () => {
    const name = 'tfjs-backend-cuda';
    buildEmulation();
    vi.stubEnv('TFJS_CUDA_DRIVER', 'emulated');
    const project = install(`packages/${name}`);
    addBuild(project, `packages/${name}`, name);
    addBuild(project, `packages/${name}`, name, 'emulation');
    expect(project.runModule(product(name, 'registerCudaBackend', 'cuda'))).toBe('[[19,22],[43,50]]\n');
  });

  it.each(['tfjs-backend-onednn', 'tfjs-backend-cuda'])('%s says how to build its add-on', (name) => {
    const project = install(`packages/${name}`);
    const register = name.endsWith('cuda') ? 'registerCudaBackend' : 'registerOneDnnBackend';
    expect(() => project.runModule(`import { ${register} } from '${name}'; ${register}();`)).toThrow(
      `node ${join(project.folder, 'node_modules', name, 'scripts/build.js')}`,
    );
  });
});
