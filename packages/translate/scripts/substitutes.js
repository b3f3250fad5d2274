/**
 * Modules of the repository that the bundle replaces: those that find files, load packages or know the other devices.
 * The second path is in src/substitutes.
 */
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the repository. */
export const root = fileURLToPath(new URL('../../..', import.meta.url));

/** The folder of this package. */
export const here = fileURLToPath(new URL('..', import.meta.url));

const MODULES = {
  'src/cli/program.ts': 'program.ts',
  'src/cli/version.ts': 'version.ts',
  'src/devices/cuda.ts': 'other-devices.ts',
  'src/devices/optional.ts': 'other-devices.ts',
  'src/devices/webgpu.ts': 'other-devices.ts',
  'src/devices/wasm-package.ts': 'wasm-package.ts',
  'src/server/web-folder.ts': 'web-folder.ts',
  'src/tf/library.ts': 'tensor-library.ts',
  'packages/sentencepiece-native/src/package-folder.ts': 'sentencepiece-folder.ts',
  'packages/tfjs-backend-onednn/src/load-tfjs.ts': 'onednn-tfjs.ts',
  'packages/tfjs-backend-onednn/src/package-folder.ts': 'onednn-folder.ts',
};

/** Only in the declarations of types. */
const TYPES = { 'src/plugins/plugin.ts': 'plugin-type.ts' };

const table = (modules) =>
  new Map(Object.entries(modules).map(([from, to]) => [resolve(root, from), resolve(here, 'src/substitutes', to)]));

/** Modules that have a substitute, by path. */
export const substitutes = table(MODULES);
const typeSubstitutes = table(TYPES);

const modulePath = (specifier, folder) => resolve(folder, specifier).replace(/\.js$/, '.ts');

/**
 * For esbuild. It fails if a substitute is not used, because the module has moved or no longer exists.
 */
export function substituteModules() {
  return {
    name: 'substitutes',
    setup(build) {
      const used = new Set();
      build.onResolve({ filter: /^\.{1,2}\// }, ({ path, resolveDir }) => {
        const original = modulePath(path, resolveDir);
        const substitute = substitutes.get(original);
        if (substitute === undefined) return null;
        used.add(original);
        return { path: substitute };
      });
      build.onEnd(({ errors }) => {
        const unused = [...substitutes.keys()].filter((path) => !used.has(path));
        if (errors.length === 0 && unused.length > 0) throw new Error(`nothing imports ${unused.join(', ')}`);
      });
    },
  };
}

/** The same for the declarations of types, for Rollup. */
export function substituteTypes() {
  return {
    name: 'substitutes',
    resolveId(specifier, importer) {
      if (importer === undefined || !specifier.startsWith('.')) return null;
      return typeSubstitutes.get(modulePath(specifier, dirname(importer))) ?? null;
    },
  };
}
