import { readdirSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../errors.js';
import { didYouMean } from '../plugins/did-you-mean.js';
import { isDeviceOrPipe } from '../text/special-file.js';

const EXTENSION = '.safetensors';
const FAIRSEQ_EXTENSION = '.pt';

/** The file of a checkpoint, from its stem (`checkpoints/checkpoint_best`), a `.safetensors` file or a `.pt` file. */
export function checkpointFile(stem: string): string {
  return stem.endsWith(EXTENSION) || isFairseqFile(stem) ? stem : stem + EXTENSION;
}

/** Whether a name is that of a file in fairseq's format. */
export function isFairseqFile(name: string): boolean {
  return name.endsWith(FAIRSEQ_EXTENSION);
}

/** Whether the checkpoint's file exists. */
export function checkpointExists(stem: string): boolean {
  return isFile(checkpointFile(stem));
}

/** The names of our checkpoints in a folder, without `.safetensors`, sorted; empty if the folder does not exist. */
export function listCheckpoints(folder: string): string[] {
  return namesIn(folder)
    .filter((name) => name.endsWith(EXTENSION))
    .map((name) => name.slice(0, -EXTENSION.length))
    .sort();
}

/** The names of fairseq's checkpoints in a folder, without `.pt`, sorted; empty if the folder does not exist. */
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
 * The file of a checkpoint that must exist.
 * @throws UserError that suggests the most similar checkpoint in the folder
 */
export function existingCheckpointFile(stem: string): string {
  const file = checkpointFile(stem);
  if (isFile(file)) return file;
  const special = [file, stem].find(isDeviceOrPipe);
  if (special !== undefined) {
    throw new UserError(
      `the checkpoint ${special} is a device or a pipe`,
      'copy it to a file: a checkpoint is not read sequentially',
    );
  }
  if (isFairseqFile(stem)) throw missingFairseqFile(stem);
  if (isFolder(stem)) throw isOnlyFolder(stem);
  const folder = dirname(stem);
  const stems = listCheckpoints(folder);
  if (stems.length === 0) {
    throw new UserError(
      `the checkpoint ${stem} does not exist`,
      `${calledFolder(folder)} has no checkpoints; ts-fairseq train writes them`,
    );
  }
  const nearest = didYouMean(basename(file, EXTENSION), stems);
  const remedy = nearest.startsWith('did you mean')
    ? `${nearest} (${calledFolder(folder)} has ${stems.join(', ')})`
    : nearest;
  throw new UserError(`the checkpoint ${stem} does not exist`, remedy);
}

function isOnlyFolder(folder: string): UserError {
  const names = [...listCheckpoints(folder), ...namesIn(folder).filter(isFairseqFile).sort()];
  if (names.length === 0) {
    return new UserError(`${folder} is a folder without checkpoints`, 'name a checkpoint that ts-fairseq train wrote');
  }
  const paths = names.map((name) => join(folder, name));
  return new UserError(`${folder} is a folder`, `choose a checkpoint in it: ${paths.join(', ')}`);
}

/** The folder of a path in a message. */
const calledFolder = (folder: string): string => (folder === '.' ? 'the current folder' : folder);

function missingFairseqFile(file: string): UserError {
  const stem = file.slice(0, -FAIRSEQ_EXTENSION.length);
  if (checkpointExists(stem)) {
    return new UserError(
      `the checkpoint ${file} does not exist`,
      `did you mean '${stem}'? ts-fairseq's own checkpoints need no extension`,
    );
  }
  const names = namesIn(dirname(file)).filter(isFairseqFile);
  const remedy = names.length === 0 ? withoutFairseqFiles(file, stem) : didYouMean(basename(file), names);
  return new UserError(`the checkpoint ${file} does not exist`, remedy);
}

/** The remedy if a folder has no `.pt`. */
function withoutFairseqFiles(file: string, stem: string): string {
  const folder = dirname(file);
  const stems = listCheckpoints(folder);
  return stems.length === 0 ? `${calledFolder(folder)} has no checkpoints` : didYouMean(basename(stem), stems);
}

const isFile = (path: string): boolean => statusOf(path)?.isFile() ?? false;

/** Whether the path is a folder. */
export const isFolder = (path: string): boolean => statusOf(path)?.isDirectory() ?? false;

/** The status of a file; undefined if it does not exist, also if its folder is a regular file. */
function statusOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}
