import { readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Components } from '../../components.js';
import { UserError } from '../../errors.js';
import { defineOptions } from '../../options/schema.js';
import { checkedPlugin } from '../../plugins/checked-plugin.js';
import type { ArchitectureDefinition } from '../../plugins/model.js';
import { isPlugin, type Plugin } from '../../plugins/plugin.js';
import { Registry } from '../../plugins/registry.js';
import { firstLine, isModule, PLUGIN_STACK_FRAMES, placeIn } from './plug-in-errors.js';

/** The heading in `--help` of the options that choose plug-ins. */
export const PLUGIN_GROUP = 'Plug-ins (their own options are listed below)';

/** `--user-dir`, an option of every command that uses plug-ins. */
export const userDirOption = defineOptions({
  userDir: {
    kind: 'string',
    default: null,
    metavar: 'DIR',
    group: PLUGIN_GROUP,
    help: 'folder or file with your own plug-ins in TypeScript or JavaScript',
  },
});

/** If one of these files exists, only the first is loaded. */
const INDEX_FILES = ['index.ts', 'index.mts', 'index.cts', 'index.js', 'index.mjs', 'index.cjs'];

/**
 * The built-in plug-ins and those of `--user-dir`.
 * @throws UserError if DIR does not exist, a module fails to load, or there is no plug-in, a bad one or one whose name is taken
 */
export async function loadComponents({ userDir }: { readonly userDir: string | null }): Promise<Components> {
  const { builtInComponents, registerPlugins } = await import('../../components.js');
  const components = builtInComponents();
  if (userDir !== null) {
    Error.stackTraceLimit = Math.max(Error.stackTraceLimit, PLUGIN_STACK_FRAMES);
    const sources = await loadPlugins(userDir);
    registerPlugins(components, [...sources.keys()], (plugin) => sources.get(plugin));
  }
  return components;
}

/** Only the architectures, for commands that do not train. @throws UserError like `loadComponents` */
export async function loadArchitectures(options: {
  readonly userDir: string | null;
}): Promise<Components['architectures']> {
  if (options.userDir !== null) return (await loadComponents(options)).architectures;
  const { architectures } = await import('../../../models/index.js');
  return new Registry<ArchitectureDefinition>('arch', architectures);
}

/** The plug-ins, each with the file and name of its export. */
async function loadPlugins(userDir: string): Promise<Map<Plugin, string>> {
  const load = await createLoader();
  const plugins = new Map<unknown, [Plugin, string]>(); // a plug-in that several modules export counts once
  for (const file of moduleFiles(userDir)) {
    for (const [name, value] of Object.entries(await load(file))) {
      if (!isPlugin(value) || plugins.has(value)) continue;
      const source = `${file}, export '${name}'`;
      plugins.set(value, [checkedPlugin(value, source), source]);
    }
  }
  if (plugins.size > 0) return new Map(plugins.values());
  throw new UserError(
    `--user-dir ${userDir} exports no plug-in`,
    "export the results of defineCriterion, defineModel, …, e.g. `export const mine = defineCriterion({ name: 'mine', … })`",
  );
}

function moduleFiles(userDir: string): string[] {
  const path = resolve(userDir);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new UserError(`--user-dir ${userDir} does not exist`, 'check the path');
  if (!stats.isDirectory()) return [path];
  const names = readdirSync(path).sort();
  const index = INDEX_FILES.find((name) => names.includes(name));
  const modules = names.filter((name) => isModule(name) && !/\.(d|test|spec|config)\.\w+$/.test(name));
  if (index === undefined && modules.length === 0) {
    throw new UserError(
      `--user-dir ${userDir} contains no module`,
      'add an index.ts or index.js that exports the results of defineCriterion, defineModel, …',
    );
  }
  return (index === undefined ? modules : [index]).map((name) => join(path, name));
}

/**
 * Makes a function that loads modules from any folder. TypeScript needs no compiler. `ts-fairseq` and TensorFlow.js resolve
 * to the instances of this process, so that the folder needs no node_modules and its tensors belong to the same engine.
 */
async function createLoader(): Promise<(file: string) => Promise<Record<string, unknown>>> {
  const [{ createJiti }, library, networks, { wholeLibrary }] = await Promise.all([
    import('jiti'),
    import('../../index.js'),
    import('../../index-nn.js'),
    import('../../tf/library.js'),
  ]);
  const jiti = createJiti(import.meta.url, {
    fsCache: false,
    interopDefault: false,
    virtualModules: {
      'ts-fairseq': library,
      'ts-fairseq/nn': networks,
      '@tensorflow/tfjs': wholeLibrary(),
      '@tensorflow/tfjs-core': wholeLibrary(),
    },
  });
  return async (file) => {
    try {
      return await jiti.import<Record<string, unknown>>(file);
    } catch (cause) {
      throw loadError(file, cause);
    }
  };
}

function loadError(file: string, cause: unknown): UserError {
  if (cause instanceof UserError) return new UserError(`${file}: ${cause.problem}`, cause.remedy, { cause });
  const problem = firstLine(cause);
  const missing = /Cannot find (?:module|package) '([^']*)'/.exec(problem)?.[1];
  const remedy =
    missing === undefined
      ? 'fix the plug-in'
      : `check the path, or install '${missing}' next to the file; ts-fairseq and @tensorflow/tfjs need not be installed`;
  return new UserError(`--user-dir: ${placeIn(dirname(file), cause) ?? file} cannot be loaded: ${problem}`, remedy, {
    cause,
  });
}
