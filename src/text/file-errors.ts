import { UserError } from '../errors.js';

const REMEDIES: Readonly<Record<string, string>> = {
  ENOENT: 'check the path',
  ENOTDIR: 'check the path',
  EEXIST: 'choose another name',
  EISDIR: 'name a file, not a folder',
  EACCES: 'check the permissions',
  EPERM: 'check the permissions',
  EROFS: 'choose a place that can be written',
  ENOSPC: 'free some space on the disk',
};

/** Runs a file operation. Converts an error of the operating system to a UserError that names the file. */
export function attempt<T>(path: string, verb: 'read' | 'written', operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    throw nameFile(path, verb, error);
  }
}

/** Converts an error of the operating system to a UserError that names the file; returns other errors unchanged. */
export function nameFile(path: string, verb: 'read' | 'written', error: unknown): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined || code === 'EPIPE') return error; // EPIPE: the reader is gone
  const remedy = REMEDIES[code] ?? 'check the path and the disk';
  return new UserError(`${path} cannot be ${verb} (${reasonOf(code, verb)})`, remedy, { cause: error });
}

const REASONS: Readonly<Record<string, string>> = {
  ENOTDIR: 'a file exists where a folder should be',
  EEXIST: 'a file exists where a folder should be',
  EISDIR: 'it is a folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the disk is read-only',
  ENOSPC: 'the disk is full',
  ELOOP: 'its symbolic links form a loop',
  ENAMETOOLONG: 'its name is too long',
};

function reasonOf(code: string, verb: 'read' | 'written'): string {
  if (code === 'ENOENT') return verb === 'read' ? 'it does not exist' : 'its folder does not exist';
  return REASONS[code] ?? code;
}

const PAUSE_MILLISECONDS = 5;

/** Repeats an operation while it fails with EAGAIN: another process may have made the pipe non-blocking. */
export function waitWhileBusy(operation: () => number): number {
  for (;;) {
    try {
      return operation();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MILLISECONDS);
    }
  }
}
