import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from './temporary-folder.js';

/** The folder of the repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

const { packages: locked } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
  readonly packages: Readonly<Record<string, Manifest>>;
};

const manifestIn = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;

/** Runs npm pack for a package of the repository. @returns the path of the file that it wrote */
export function pack(workspace: string): string {
  const folder = temporaryFolder();
  execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: join(root, workspace) });
  return join(folder, readdirSync(folder)[0]!);
}

/** The paths in a packed file, without the folder `package`. */
export function packedFiles(archive: string): string[] {
  const list = execFileSync('tar', ['-tzf', archive], { encoding: 'utf8', maxBuffer: 2 ** 26 });
  return list
    .split('\n')
    .filter((line) => line !== '' && !line.endsWith('/'))
    .map((line) => line.replace(/^package\//, ''));
}

/**
 * A project in which npm would have installed a packed package. It has the files of the package and the dependencies that
 * their package.json files name, in the versions of package-lock.json, and nothing else, so that a dependency that is not
 * declared is missing. It needs no network.
 */
export class EmptyProject {
  readonly folder = temporaryFolder();

  /** @param workspace the folder of the package in the repository */
  constructor(archive: string, workspace: string) {
    writeFileSync(join(this.folder, 'package.json'), '{ "private": true, "type": "module" }');
    const { name } = manifestIn(join(root, workspace));
    const installed = join(this.folder, 'node_modules', name);
    mkdirSync(installed, { recursive: true });
    execFileSync('tar', ['-xzf', archive, '--strip-components=1', '-C', installed]);
    this.#provideDependencies(installed, workspace);
  }

  /** Runs a program in the folder of the project. @returns what it prints on stdout */
  run(program: string, args: readonly string[]): string {
    const env = { ...process.env, NODE_PATH: '', NODE_OPTIONS: '' };
    const { stdout, stderr, status } = spawnSync(program, args, { cwd: this.folder, encoding: 'utf8', env });
    if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${stderr}`);
    return stdout;
  }

  /** Runs a module. */
  runModule(source: string): string {
    return this.run(process.execPath, ['--input-type=module', '--eval', source]);
  }

  /** Runs the command that a package installs. */
  runCommand(name: string, bin: string, args: readonly string[]): string {
    return this.run(process.execPath, [join(this.folder, 'node_modules', name, bin), ...args]);
  }

  /** @param key where package-lock.json has the package */
  #provideDependencies(folder: string, key: string): void {
    for (const name of dependenciesOf(manifestIn(folder))) {
      if (this.#find(name, folder) === null) this.#install(name, key);
    }
    const bundled = join(folder, 'node_modules');
    if (existsSync(bundled))
      for (const name of packagesIn(bundled)) this.#provideDependencies(join(bundled, name), key);
  }

  #install(name: string, dependent: string): void {
    const key = lockedKey(name, dependent);
    const folder = join(this.folder, 'node_modules', name);
    // Hard links, because TensorFlow.js has 290 MB.
    mkdirSync(dirname(folder), { recursive: true });
    const source = join(root, key);
    if (spawnSync('cp', ['-al', source, folder]).status !== 0) cpSync(source, folder, { recursive: true });
    this.#provideDependencies(folder, key);
  }

  /** The folder in which Node finds a package that a file of `folder` imports; null if there is none in the project. */
  #find(name: string, folder: string): string | null {
    for (let at = folder; at.startsWith(this.folder); at = dirname(at)) {
      const candidate = join(at, 'node_modules', name);
      if (existsSync(candidate)) return candidate;
    }
    return null;
  }
}

/** Dependencies and peers that npm installs. */
function dependenciesOf({ dependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} }: Manifest): string[] {
  const peers = Object.keys(peerDependencies).filter((name) => peerDependenciesMeta[name]?.optional !== true);
  return [...Object.keys(dependencies), ...peers];
}

/** The packages in a folder `node_modules`, with their scopes. */
function packagesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) =>
      name.startsWith('@') ? readdirSync(join(folder, name)).map((part) => `${name}/${part}`) : name,
    );
}

/** The key in package-lock.json of the package that a dependent gets. */
function lockedKey(name: string, dependent: string): string {
  for (let at = dependent; ; at = at.includes('/') ? dirname(at) : '') {
    const key = join(at, 'node_modules', name);
    if (locked[key] !== undefined) return key;
    if (at === '') throw new Error(`package-lock.json has no ${name} for ${dependent || 'ts-fairseq'}`);
  }
}
