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

/** Of the options that choose plug-ins, in `--help`. */
export const PLUGIN_GROUP = 'Plug-ins (each brings its own options, below)';

/** The option of every command that looks plug-ins up by name. */
export const userDirOption = defineOptions({
  userDir: {
    kind: 'string',
    default: null,
    metavar: 'DIR',
    group: PLUGIN_GROUP,
    help: 'plug-ins of your own: a folder or a file of TypeScript or JavaScript; what it exports can be chosen by name',
  },
});

/** The file that speaks for a folder, best first. */
const INDEX_FILES = ['index.ts', 'index.mts', 'index.cts', 'index.js', 'index.mjs', 'index.cjs'];

/**
 * The built-in plug-ins and those of `--user-dir`.
 * @throws UserError where DIR or a module in it is missing, fails, or exports no plug-in, a bad one or a name that is taken
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

/** The architectures alone, for commands that train nothing. @throws UserError as loadComponents */
export async function loadArchitectures(options: {
  readonly userDir: string | null;
}): Promise<Components['architectures']> {
  if (options.userDir !== null) return (await loadComponents(options)).architectures;
  const { architectures } = await import('../../../models/index.js');
  return new Registry<ArchitectureDefinition>('arch', architectures);
}

/** The plug-ins and where each is defined. */
async function loadPlugins(userDir: string): Promise<Map<Plugin, string>> {
  const load = await createLoader();
  const plugins = new Map<unknown, [Plugin, string]>(); // one that several modules export is one
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
    "export what defineCriterion, defineModel, … return, e.g. `export const mine = defineCriterion({ name: 'mine', … })`",
  );
}

function moduleFiles(userDir: string): string[] {
  const path = resolve(userDir);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined)
    throw new UserError(`--user-dir ${userDir}: there is no such folder or file`, 'check the path');
  if (!stats.isDirectory()) return [path];
  const names = readdirSync(path).sort();
  const index = INDEX_FILES.find((name) => names.includes(name));
  const modules = names.filter((name) => isModule(name) && !/\.(d|test|spec|config)\.\w+$/.test(name));
  if (index === undefined && modules.length === 0) {
    throw new UserError(
      `--user-dir ${userDir} holds no module`,
      'put an index.ts or index.js there that exports what defineCriterion, defineModel, … return',
    );
  }
  return (index === undefined ? modules : [index]).map((name) => join(path, name));
}

/**
 * Loads modules from anywhere: TypeScript without a compiler, and `ts-fairseq` and TensorFlow.js as the very instances
 * that run here, so that a folder needs no node_modules and its tensors are tensors of this engine.
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
      ? 'fix it there'
      : `check the path, or install '${missing}' beside the file; ts-fairseq and @tensorflow/tfjs need no installing`;
  return new UserError(`--user-dir: ${placeIn(dirname(file), cause) ?? file} cannot be loaded: ${problem}`, remedy, {
    cause,
  });
}
