import { isModelFolder, type ModelFolder, openModelFolder } from './open-model-folder.js';

/** The models that `--path` names. */
export interface NamedModels {
  /** The stems of the checkpoints. */
  readonly stems: readonly string[];
  /** The first model folder among the names, which says how text becomes tokens; null if there is none. */
  readonly folder: ModelFolder | null;
}

/** Replaces every model folder among the names of checkpoints by its checkpoints. @throws UserError as `openModelFolder` does */
export function openModelPaths(names: readonly string[]): NamedModels {
  const opened = names.map((name) => (isModelFolder(name) ? openModelFolder(name) : name));
  return {
    stems: opened.flatMap((model) => (typeof model === 'string' ? [model] : model.stems)),
    folder: opened.find((model) => typeof model !== 'string') ?? null,
  };
}
