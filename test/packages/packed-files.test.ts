import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { pack, packedFiles, root } from '../helpers/empty-project.js';

// Programs that compile, pack and train take long on a busy machine.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const nameOf = (workspace: string): string =>
  (JSON.parse(readFileSync(join(root, workspace, 'package.json'), 'utf8')) as { name: string }).name;

/** The folders of the packages in the repository, by name. */
const PACKAGES: ReadonlyMap<string, string> = new Map(
  ['', ...readdirSync(join(root, 'packages')).map((folder) => join('packages', folder))].map((workspace) => [
    nameOf(workspace),
    workspace,
  ]),
);

const tracked = new Set(execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).split('\n'));

/** What scripts/build.js of the package that translates makes; only it writes there, after it has removed everything. */
const TRANSLATION_BUNDLE =
  /^dist\/(?:[\w-]+\.js|[\w-]+-[A-Z0-9]{8}\.js|tensorflow\.cjs|index\.d\.ts|THIRD-PARTY-LICENSES\.txt|wasm\/[\w-]+\.wasm)$/;

/**
 * publint suggests the condition `browser` instead of the field. It would need imports with `#`, which lead to dist/ even
 * from a source that a test imports, so that tests would have two instances of a module.
 */
const FIELD_BROWSER = 'USE_EXPORTS_OR_IMPORTS_BROWSER';

/** The file of the repository that a packed file is a copy of or compiled from; null if there is none. */
function sourceOf(file: string, workspace: string): string | null {
  const bundled = /^node_modules\/((?:@[^/]+\/)?[^/]+)\/(.*)$/.exec(file);
  if (bundled !== null) {
    const [, name, rest] = bundled as unknown as [string, string, string];
    const own = PACKAGES.get(name);
    return own === undefined ? 'package-lock.json' : sourceOf(rest, own);
  }
  const compiled = /^dist\/(.*)\.(?:js|js\.map|d\.ts)$/.exec(file)?.[1];
  const candidates = [
    join(workspace, file),
    ...(compiled === undefined ? [] : [workspace === '' ? `${compiled}.ts` : join(workspace, 'src', `${compiled}.ts`)]),
    ...(workspace === 'packages/translate'
      ? [file.replace(/^dist\/native\//, 'packages/'), file.replace(/^dist\//, '')]
      : []),
  ];
  const source = candidates.find((path) => tracked.has(path));
  if (source === undefined && workspace === 'packages/translate' && TRANSLATION_BUNDLE.test(file))
    return 'package-lock.json';
  return source ?? null;
}

/** The links to files in the Markdown files among `files`, as `FILE: TARGET`, whose target is not among them. */
function brokenLinks(files: readonly string[], read: (file: string) => string): string[] {
  const known = new Set(files.flatMap((file) => [file, ...foldersOf(file)]));
  return files
    .filter((file) => file.endsWith('.md') && !file.startsWith('node_modules/'))
    .flatMap((file) =>
      linksIn(read(file))
        .filter((target) => !known.has(normalize(join(dirname(file), target))))
        .map((target) => `${file}: ${target}`),
    );
}

function foldersOf(file: string): string[] {
  const folder = dirname(file);
  return folder === '.' ? [] : [folder, ...foldersOf(folder)];
}

/** The relative links of a Markdown text outside of code, without anchors. */
const linksIn = (text: string): string[] =>
  [
    ...text
      .replace(/^```[\s\S]*?^```/gm, '')
      .replace(/`[^`\n]*`/g, '')
      .matchAll(/\]\(([^)\s#]+)[^)]*\)/g),
  ]
    .map(([, target]) => target!)
    .filter((target) => !/^[a-z]+:/.test(target));

describe.each([...PACKAGES])('the packed package %s', (name, workspace) => {
  let archive: string;
  let files: string[];
  const read = (file: string): string =>
    execFileSync('tar', ['-xzOf', archive, `package/${file}`], { encoding: 'utf8', maxBuffer: 2 ** 26 });

  beforeAll(() => {
    archive = pack(workspace);
    files = packedFiles(archive);
  });

  it('has its code, README and nothing that neither git tracks nor the build makes of it', () => {
    expect(files).toEqual(expect.arrayContaining(['README.md', 'package.json']));
    expect(files.some((file) => file.startsWith('dist/'))).toBe(true);
    expect(files.filter((file) => sourceOf(file, workspace) === null)).toEqual([]);
  });

  it('has every file that its documentation links to', () => {
    expect(brokenLinks(files, read)).toEqual([]);
  });

  it('is clean for publint', async () => {
    const tarball = new Uint8Array(readFileSync(archive)).buffer;
    const { messages, pkg } = await publint({ pack: { tarball }, level: 'suggestion', strict: true });
    const others = messages.filter(({ code }) => code !== FIELD_BROWSER);
    expect(others.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  it('is clean for arethetypeswrong, as a package of ES modules', () => {
    const attw = join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js');
    const argv = [attw, archive, '--profile', 'esm-only', '--format', 'json'];
    const { stdout, status, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8', maxBuffer: 2 ** 26 });
    expect({ status, output: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, output: '' });
    expect(JSON.parse(stdout)).toMatchObject({ analysis: { packageName: name, types: { kind: 'included' } } });
  });
});
