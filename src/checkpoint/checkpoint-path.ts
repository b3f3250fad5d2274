import { readdirSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../errors.js';
import { didYouMean } from '../plugins/did-you-mean.js';
import { isDeviceOrPipe } from '../text/special-file.js';

const EXTENSION = '.safetensors';
const FAIRSEQ_EXTENSION = '.pt';

/** The file of a checkpoint named by its stem: `checkpoints/checkpoint_best`, with `.safetensors`, or a `.pt`. */
export function checkpointFile(stem: string): string {
  return stem.endsWith(EXTENSION) || isFairseqFile(stem) ? stem : stem + EXTENSION;
}

/** Whether a name is that of fairseq's own format. */
export function isFairseqFile(name: string): boolean {
  return name.endsWith(FAIRSEQ_EXTENSION);
}

/** Whether the checkpoint's file exists. */
export function checkpointExists(stem: string): boolean {
  return isFile(checkpointFile(stem));
}

/** The stems of the checkpoints in a folder, without the folder, by name; none where there is no folder. */
export function listCheckpoints(folder: string): string[] {
  return namesIn(folder)
    .filter((name) => name.endsWith(EXTENSION))
    .map((name) => name.slice(0, -EXTENSION.length))
    .sort();
}

/** fairseq's checkpoints in a folder, without `.pt`, by name. */
export function listFairseqCheckpoints(folder: string): string[] {
  return namesIn(folder)
    .filter(isFairseqFile)
    .map((name) => name.slice(0, -FAIRSEQ_EXTENSION.length))
    .sort();
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}

/**
 * The file of a checkpoint that must be there.
 * @throws UserError that suggests the nearest of those that are
 */
export function existingCheckpointFile(stem: string): string {
  const file = checkpointFile(stem);
  if (isFile(file)) return file;
  const special = [file, stem].find(isDeviceOrPipe);
  if (special !== undefined) {
    throw new UserError(
      `the checkpoint ${special} is a device or a pipe`,
      'copy it into a file: it is not read in one go',
    );
  }
  if (isFairseqFile(stem)) throw missingFairseqFile(stem);
  const folder = isFolder(stem) ? stem : dirname(stem);
  const stems = listCheckpoints(folder);
  if (stems.length === 0) {
    throw new UserError(`there is no checkpoint ${stem}`, `${folder} has no checkpoints; ts-fairseq train writes them`);
  }
  const names = stems.map((name) => join(folder, name));
  if (isFolder(stem)) throw new UserError(`${stem} is a folder`, `name a checkpoint in it: ${names.join(', ')}`);
  const nearest = didYouMean(basename(file, EXTENSION), stems);
  const remedy = nearest.startsWith('did you mean') ? `${nearest} (${folder} has ${stems.join(', ')})` : nearest;
  throw new UserError(`there is no checkpoint ${stem}`, remedy);
}

function missingFairseqFile(file: string): UserError {
  const stem = file.slice(0, -FAIRSEQ_EXTENSION.length);
  if (checkpointExists(stem)) {
    return new UserError(`there is no checkpoint ${file}`, `did you mean '${stem}'? ts-fairseq's own need no ending`);
  }
  const names = namesIn(dirname(file)).filter(isFairseqFile);
  const remedy = names.length === 0 ? withoutFairseqFiles(file, stem) : didYouMean(basename(file), names);
  return new UserError(`there is no checkpoint ${file}`, remedy);
}

/** What there is instead where a folder has no `.pt`. */
function withoutFairseqFiles(file: string, stem: string): string {
  const folder = dirname(file);
  const stems = listCheckpoints(folder);
  return stems.length === 0 ? `${folder} has no checkpoints` : didYouMean(basename(stem), stems);
}

const isFile = (path: string): boolean => statusOf(path)?.isFile() ?? false;

/** Whether the path is a folder. */
export const isFolder = (path: string): boolean => statusOf(path)?.isDirectory() ?? false;

/** Undefined where nothing is there, also below a regular file. */
function statusOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}
