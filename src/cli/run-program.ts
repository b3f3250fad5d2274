import { CommanderError } from 'commander';
import { outOfMemory } from '../devices/out-of-memory.js';
import { UserError } from '../errors.js';
import { nameFile } from '../text/file-errors.js';
import { programName } from './program.js';

const EXIT_USER_ERROR = 2; // the user can fix it
const EXIT_INTERNAL_ERROR = 70; // EX_SOFTWARE of sysexits.h: a bug

/** Runs a program, reports what it throws on stderr, and returns the exit code. */
export async function runProgram(run: () => Promise<void>): Promise<number> {
  // Added once per process and never removed, because a pipe may break after the last write.
  if (!process.stdout.listeners('error').includes(exitWhenStdoutFails)) {
    process.stdout.on('error', exitWhenStdoutFails);
    process.stderr.on('error', ignoreStderrError);
  }
  try {
    await run();
    return 0;
  } catch (error) {
    return report(error);
  }
}

/** A reader that closes early (`ts-fairseq … | head`) is not an error. */
const exitWhenStdoutFails = (error: NodeJS.ErrnoException): never =>
  process.exit(error.code === 'EPIPE' ? 0 : report(nameFile('standard output', 'written', error)));

/** Training continues if the log cannot be written or its reader is gone, as in fairseq. */
const ignoreStderrError = (): void => {};

function report(error: unknown): number {
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  const known = error instanceof UserError ? error : (outOfMemory(error) ?? systemError(error));
  if (known !== null) {
    process.stderr.write(`${programName}: ${onOneLine(known.message)}\n`);
    return EXIT_USER_ERROR;
  }
  process.stderr.write(
    `${programName}: internal error, please report it\n${error instanceof Error ? error.stack : String(error)}\n`,
  );
  return EXIT_INTERNAL_ERROR;
}

/** Replaces line ends and other control characters, which file names may contain, by JSON's escapes. */
const onOneLine = (text: string): string =>
  text.replace(/[\p{Cc}\u2028\u2029]/gu, (character) => {
    const escaped = JSON.stringify(character).slice(1, -1);
    return escaped === character ? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}` : escaped;
  });

const SYSTEM_REMEDIES: Readonly<Record<string, string>> = {
  ENOENT: 'check the path',
  EACCES: 'check the permissions',
  EPERM: 'check the permissions',
  EROFS: 'choose another folder',
  EISDIR: 'name a file, not a folder',
  ENOTDIR: 'name a folder, not a file',
  ENOSPC: 'free some space or write to another disk',
};

/** The UserError for an operation that the operating system refused; null for any other error. */
function systemError(error: unknown): UserError | null {
  if (!(error instanceof Error)) return null;
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) return null;
  return new UserError(error.message, SYSTEM_REMEDIES[code] ?? 'check the path and the disk');
}
