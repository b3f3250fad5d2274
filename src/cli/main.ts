import { CommanderError } from 'commander';
import { UserError } from '../errors.js';
import { didYouMean } from '../plugins/did-you-mean.js';
import { nameFile } from '../text/file-errors.js';
import { runCommand } from './command.js';
import { commands } from './commands/index.js';
import { version } from './version.js';

const EXIT_USER_ERROR = 2; // what the user can fix
const EXIT_INTERNAL_ERROR = 70; // sysexits.h EX_SOFTWARE: a defect of ours

function overview(): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    'Usage: ts-fairseq <command> [options]',
    '',
    'Sequence-to-sequence toolkit in the manner of fairseq;',
    'the training criterion is a plug-in.',
    '',
    'Commands:',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'ts-fairseq <command> --help describes the options of a command;',
    'ts-fairseq --version prints the version.',
    '',
  ].join('\n');
}

async function dispatch(argv: readonly string[]): Promise<void> {
  const [name, ...rest] = argv;
  if (name === 'help' && rest.length > 0) return dispatch([rest[0]!, '--help']);
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(overview());
    return;
  }
  if (name === '--version' || name === '-V') {
    process.stdout.write(`${version}\n`);
    return;
  }
  const entry = commands.find((command) => command.name === name);
  if (entry === undefined) {
    throw new UserError(
      `unknown command '${name}'`,
      didYouMean(
        name,
        commands.map((command) => command.name),
      ),
    );
  }
  await runCommand(await entry.load(), rest);
}

/** Runs the command line and returns the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  // Once in a process; they stay, since a pipe may break after the last write.
  if (!process.stdout.listeners('error').includes(leaveWithReader)) {
    process.stdout.on('error', leaveWithReader);
    process.stderr.on('error', goOnUnheard);
  }
  try {
    await dispatch(argv);
    return 0;
  } catch (error) {
    return report(error);
  }
}

/** A reader that closes early (`ts-fairseq … | head`) is no error. */
const leaveWithReader = (error: NodeJS.ErrnoException): never =>
  process.exit(error.code === 'EPIPE' ? 0 : report(nameFile('standard output', 'written', error)));

/** A log that cannot be written, or that nobody reads on, ends no training, as in fairseq. */
const goOnUnheard = (): void => {};

function report(error: unknown): number {
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  const known = error instanceof UserError ? error : systemError(error);
  if (known !== null) {
    process.stderr.write(`ts-fairseq: ${onOneLine(known.message)}\n`);
    return EXIT_USER_ERROR;
  }
  process.stderr.write(
    `ts-fairseq: internal error, please report it\n${error instanceof Error ? error.stack : String(error)}\n`,
  );
  return EXIT_INTERNAL_ERROR;
}

/** Line ends and other control characters, as a file's name may hold them, in JSON's spelling. */
const onOneLine = (text: string): string =>
  text.replace(/[\p{Cc}\u2028\u2029]/gu, (sign) => {
    const short = JSON.stringify(sign).slice(1, -1);
    return short === sign ? `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}` : short;
  });

const SYSTEM_REMEDIES: Readonly<Record<string, string>> = {
  ENOENT: 'check the path',
  EACCES: 'check the permissions',
  EPERM: 'check the permissions',
  EROFS: 'write to another place',
  EISDIR: 'give a file, not a folder',
  ENOTDIR: 'give a folder, not a file',
  ENOSPC: 'free some space or write to another disk',
};

/** The user has to fix what the operating system refuses. */
function systemError(error: unknown): UserError | null {
  if (!(error instanceof Error)) return null;
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) return null;
  return new UserError(error.message, SYSTEM_REMEDIES[code] ?? 'check the path and the disk');
}
