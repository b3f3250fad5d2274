import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { AddonFunctions } from './addon-functions.js';
import { availableThreads } from './available-threads.js';
import { packageFolder } from './package-folder.js';

/** A parameter of a native function, as the add-on describes it. */
export interface Parameter {
  readonly name: string;
  readonly type: string; // in TypeScript
  readonly nullable: boolean;
  readonly shape: readonly string[]; // axes: constants, names of other parameters, or "name+1"; empty for any length
  readonly count: readonly string[]; // of an array of arrays: how many there are
  readonly range: string; // of a number, in words
}

export interface Signature {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly result: string;
}

/**
 * The native functions, called with an object of named arguments; a function of one argument takes it as it is. The add-on
 * checks every call against the signature: types, ranges of numbers, lengths of arrays, indices in them.
 */
export interface Addon extends AddonFunctions {
  /** Forbids or permits access to a piece of a block. Only in builds with AddressSanitizer. */
  guardPiece?(args: { block: ArrayBuffer; offset: number; bytes: number; permitted: boolean }): void;
}

/** An add-on as it is loaded: functions of positional arguments. */
export type NativeAddon = { readonly signatures: string } & Readonly<Record<string, (...args: unknown[]) => unknown>>;

/** The signatures that an add-on exports. */
export const signaturesOf = (native: NativeAddon): Signature[] => JSON.parse(native.signatures);

/**
 * The environment variable that names the build to load instead of the best one: `v4`, `v3` or `baseline`. For tests.
 */
const BUILD_VARIABLE = 'TFJS_ONEDNN_BUILD';

/** The environment variable that names the folder of build/ to load from: `Release`, or `sanitized`. For tests. */
const FOLDER_VARIABLE = 'TFJS_ONEDNN_FOLDER';

const pathOf = (build: string): string =>
  fileURLToPath(new URL(`build/${process.env[FOLDER_VARIABLE] ?? 'Release'}/onednn_${build}.node`, packageFolder));

let loaded: Addon | null = null;

/**
 * The build of the add-on for this processor's instruction set. The first call loads it.
 * @throws Error if it is not built or does not load
 */
export function addon(): Addon {
  if (loaded === null) {
    loaded = byName(loadNative(process.env[BUILD_VARIABLE] ?? (loadNative('baseline').bestBuild!() as string)));
    loaded.setThreads(availableThreads());
  }
  return loaded;
}

/** Loads one build of the add-on. */
export function loadNative(build: string): NativeAddon {
  const path = pathOf(build);
  if (!existsSync(path)) {
    const script = fileURLToPath(new URL('scripts/build.js', packageFolder));
    throw new Error(`the native add-on is not built (onednn_${build}.node is missing): node ${script} builds it`);
  }
  return createRequire(import.meta.url)(path) as NativeAddon;
}

/** The functions of an add-on with named arguments. */
function byName(native: NativeAddon): Addon {
  const functions = signaturesOf(native).map(({ name, parameters }) => {
    const call = native[name]!;
    if (parameters.length <= 1) return [name, call] as const;
    const names = parameters.map((parameter) => parameter.name);
    return [name, (args: Readonly<Record<string, unknown>>) => call(...names.map((key) => args[key]))] as const;
  });
  // The signatures name every function of Addon; addon-signatures.test.ts compares the two.
  return Object.fromEntries(functions) as Partial<Addon> as Addon;
}

/** Whether the add-on is built and loads; if not, the reason. */
export function isAvailable(): { available: boolean; reason: string | null } {
  try {
    addon();
    return { available: true, reason: null };
  } catch (error) {
    return { available: false, reason: error instanceof Error ? error.message : String(error) };
  }
}
