import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAvailable } from 'tfjs-backend-onednn';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { Translator, type TranslatorOptions } from '../../src/index.js';
import { runCommandLine } from '../helpers/command-line.js';
import { EmptyProject, pack, packedFiles, root } from '../helpers/empty-project.js';
import { saveReferenceCheckpoint } from '../helpers/reference-checkpoint.js';
import { goldenData } from '../helpers/reference-model.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { goldenPath } from '../text/golden.js';

// Programs that compile, pack and train take long on a busy machine.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const NAME = 'ts-fairseq-translate';
const BIN = 'bin/ts-fairseq-translate.js';
const TEXT = 'Unerwartetes Token. Der Typ!';

const folder = temporaryFolder();
const model = join(folder, 'model');
let archive: string;
let project: EmptyProject;
/** What ts-fairseq itself translates, on the device wasm. */
let expected: string;

beforeAll(async () => {
  const path = saveReferenceCheckpoint(join(folder, 'trained'), 'trained');
  const steps = ['--tokenizer', 'moses', '--lowercase', '--bpe-codes', goldenPath('bpe/codes')];
  const exported = ['export', '--path', path, '--data', goldenData, '--to', model, '--beam', '2', '--max-len-b', '8'];
  expect(await runCommandLine([...exported, ...steps])).toMatchObject({ code: 0 });
  const output = join(folder, 'out');
  const translated = await runCommandLine(['translate', model, '--device', 'wasm', '--output', output, TEXT]);
  expect(translated).toMatchObject({ code: 0 });
  expected = readFileSync(output, 'utf8').trim();
  archive = pack('packages/translate');
  project = new EmptyProject(archive, 'packages/translate');
});

/** Translates with options of `load`, and prints the text and the device. */
const program = (options: TranslatorOptions): string => `
  import { load } from '${NAME}';
  const translator = await load(${JSON.stringify({ model, ...options })});
  const { text } = await translator.translateText(${JSON.stringify(TEXT)});
  console.log(JSON.stringify({ text, device: translator.device }));
  translator.dispose();
`;

describe('the package that only translates, in an empty project', () => {
  it.each([
    ['in a thread of its own', {}],
    ['in the calling thread', { inline: true }],
  ])('translates %s as ts-fairseq does', (_, options) => {
    expect(JSON.parse(project.runModule(program(options)))).toEqual({ text: expected, device: 'wasm' });
  });

  it('has a command that translates', () => {
    expect(project.runCommand(NAME, BIN, [model, TEXT]).trim()).toBe(expected);
  });

  it('has a server, with its page', async () => {
    const argv = [join(project.folder, 'node_modules', NAME, BIN), 'serve', model, '--port', '0'];
    const server = spawn(process.execPath, argv, { stdio: ['ignore', 'ignore', 'pipe'] });
    try {
      const address = await new Promise<string>((resolve, reject) => {
        let log = '';
        server.stderr.on('data', (data: Buffer) => {
          log += data.toString();
          const found = / at (http\S+)/u.exec(log)?.[1];
          if (found !== undefined) resolve(found);
        });
        server.on('exit', () => reject(new Error(log)));
      });
      const body = new URLSearchParams({ q: TEXT, source: 'de', target: 'en' });
      const answer = (await (await fetch(`${address}/translate`, { method: 'POST', body })).json()) as object;
      expect(answer).toMatchObject({ translatedText: expected });
      expect(await (await fetch(address)).text()).toContain('<html');
      expect(await (await fetch(`${address}/docs`)).text()).toContain('openapi');
    } finally {
      server.kill('SIGKILL');
    }
  });

  it.runIf(isAvailable().available)('translates on cpu, also by operations, where its add-on is built', async () => {
    const own = new EmptyProject(archive, 'packages/translate');
    const native = join(own.folder, 'node_modules', NAME, 'dist/native/tfjs-backend-onednn');
    cpSync(join(root, 'packages/tfjs-backend-onednn/build/Release'), join(native, 'build/Release'), {
      recursive: true,
      filter: (path) => !path.includes('obj.target'),
    });
    for (const options of [{}, { alignment: true }, { noRepeatNgramSize: 3 }]) {
      const translator = await Translator.load({ model, inline: true, ...options });
      const { text } = await translator.translateText(TEXT);
      translator.dispose();
      expect(JSON.parse(own.runModule(program(options)))).toEqual({ device: 'cpu', text });
    }
  });

  it('refuses the devices that it does not have, with the name of the package that has them', () => {
    expect(() => project.runCommand(NAME, BIN, [model, '--device', 'cuda', TEXT])).toThrow(
      'ended with 2: ts-fairseq-translate: --device cuda: ts-fairseq-translate has only cpu and wasm; use the package ts-fairseq\n',
    );
  });

  it('names itself in its help, never the command of another package', () => {
    const help = project.runCommand(NAME, BIN, ['--help']) + project.runCommand(NAME, BIN, ['serve', '--help']);
    expect(help).toContain('Usage: ts-fairseq-translate [options] <folder> [text...]');
    expect(help).toContain('ts-fairseq-translate serve FOLDER…');
    expect(help).toContain('$ ts-fairseq-translate serve models/de-en');
    expect(help).not.toMatch(/ts-fairseq (translate|serve)/u);
  });

  it('has types that need no other package', () => {
    writeFileSync(
      join(project.folder, 'user.ts'),
      `import { load, type TextTranslation, Translator, type TranslatorOptions, UserError } from '${NAME}';
      const options: TranslatorOptions = { model: 'models/de-en', beam: 4, precision: 'int8' };
      const translator: Translator = await load(options);
      const result: TextTranslation = await translator.translateText('Guten Tag!', { signal: AbortSignal.timeout(1000) });
      console.log(result.sentences[0]?.score?.toFixed(2), UserError.name, (await Translator.load('x')).languages.source);
      // @ts-expect-error an option that does not exist
      await load({ beams: 4 });`,
    );
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const options = ['--strict', '--module', 'nodenext', '--target', 'es2022', '--types', 'node'];
    const types = ['--typeRoots', join(root, 'node_modules/@types')];
    const { stdout } = spawnSync(process.execPath, [tsc, '--noEmit', ...options, ...types, 'user.ts'], {
      cwd: project.folder,
      encoding: 'utf8',
    });
    expect(stdout).toBe('');
  });

  it('is smaller than 60 MB with all that it installs', () => {
    expect(bytesIn(join(project.folder, 'node_modules'))).toBeLessThan(60e6);
  });

  it('has the sources of its add-ons and the licenses of what it contains', () => {
    const files = packedFiles(archive);
    for (const name of ['tfjs-backend-onednn', 'sentencepiece-native']) {
      for (const file of ['binding.gyp', 'scripts/build.js']) expect(files).toContain(`dist/native/${name}/${file}`);
      for (const file of readdirSync(join(root, 'packages', name, 'cc'), { recursive: true, encoding: 'utf8' })) {
        if (/\.(cc|h)$/u.test(file)) expect(files).toContain(`dist/native/${name}/cc/${file}`);
      }
    }
    const licenses = readFileSync(join(project.folder, 'node_modules', NAME, 'dist/THIRD-PARTY-LICENSES.txt'), 'utf8');
    for (const name of ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-wasm', 'valibot', 'seedrandom'])
      expect(licenses).toMatch(new RegExp(`^${name} [\\d.]+ \\(`, 'mu'));
  });
});

/** The sizes of all files in a folder, in whole blocks, as `du` counts them. */
function bytesIn(path: string): number {
  expect(existsSync(path)).toBe(true);
  return 1024 * Number.parseInt(spawnSync('du', ['-sk', path], { encoding: 'utf8' }).stdout, 10);
}

it('uses the dependencies of ts-fairseq in the same versions', () => {
  const dependenciesOf = (path: string): Record<string, string> =>
    (JSON.parse(readFileSync(join(root, path), 'utf8')) as { dependencies: Record<string, string> }).dependencies;
  const own = dependenciesOf('packages/translate/package.json');
  const known = { ...dependenciesOf('packages/tfjs-backend-onednn/package.json'), ...dependenciesOf('package.json') };
  expect(known).toMatchObject(own);
});
