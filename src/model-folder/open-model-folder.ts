import { createHash } from 'node:crypto';
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import type { OptionValues } from '../options/schema.js';
import { checkOptionValues } from '../options/values.js';
import { searchOptions } from '../search/options.js';
import { attempt } from '../text/file-errors.js';
import { MANIFEST, type Manifest, parseManifest } from './manifest.js';

/** A folder with everything that a translation needs. */
export interface ModelFolder {
  readonly folder: string;
  readonly manifest: Manifest;
  /** The paths of the checkpoints. */
  readonly stems: readonly string[];
  /** The checked options of the search. */
  readonly search: OptionValues;
}

/** Whether a path is a folder that `ts-fairseq export` wrote. */
export const isModelFolder = (path: string): boolean => existsSync(join(path, MANIFEST));

/** Reads `model.json` without looking at the other files. @throws UserError if it is missing or not valid */
export function readManifest(folder: string): Manifest {
  const path = join(folder, MANIFEST);
  if (!isModelFolder(folder)) {
    throw new UserError(
      `${folder} is not the folder of a model (it has no ${MANIFEST})`,
      'make one with ts-fairseq export',
    );
  }
  checkIsFile(path);
  return parseManifest(
    attempt(path, 'read', () => readFileSync(path, 'utf8')),
    path,
  );
}

/**
 * Opens a model folder and compares every file with its checksum.
 * @throws UserError if a file is missing, damaged, or not the one that was exported, or an option of the search is unknown
 */
export function openModelFolder(folder: string): ModelFolder {
  const manifest = readManifest(folder);
  for (const [name, recorded] of Object.entries(manifest.files)) checkFile(join(folder, name), recorded);
  return {
    folder,
    manifest,
    stems: manifest.checkpoints.map((name) => join(folder, name)),
    search: checkOptionValues(`${folder}: search`, manifest.search, searchOptions),
  };
}

/** The size and the SHA-256 of a file. */
export interface Checksum {
  readonly bytes: number;
  readonly sha256: string; // hexadecimal
}

const REMEDY = 'copy the folder again, or export the model again';

function checkFile(path: string, recorded: Checksum): void {
  if (!existsSync(path)) throw new UserError(`${path} is missing`, REMEDY);
  checkIsFile(path);
  const { bytes, sha256 } = checksumOf(path);
  if (bytes !== recorded.bytes) {
    throw new UserError(`${path} has ${bytes} bytes instead of ${recorded.bytes}`, REMEDY);
  }
  if (sha256 !== recorded.sha256) throw new UserError(`${path} is damaged (its checksum differs)`, REMEDY);
}

/** Reading a named pipe would wait for ever. */
function checkIsFile(path: string): void {
  if (!attempt(path, 'read', () => statSync(path)).isFile()) throw new UserError(`${path} is not a file`, REMEDY);
}

const BLOCK = 1 << 20;

/** Computes the checksum of a file. @throws UserError if it cannot be read */
export function checksumOf(path: string): Checksum {
  return attempt(path, 'read', () => {
    const file = openSync(path, 'r');
    try {
      const hash = createHash('sha256');
      const block = new Uint8Array(BLOCK);
      for (let count = readSync(file, block); count > 0; count = readSync(file, block)) {
        hash.update(block.subarray(0, count));
      }
      return { bytes: fstatSync(file).size, sha256: hash.digest('hex') };
    } finally {
      closeSync(file);
    }
  });
}
