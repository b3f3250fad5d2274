import { UserError } from '../errors.js';
import { didYouMean } from '../plugins/did-you-mean.js';
import { runCommand } from './command.js';
import { commands } from './commands/index.js';
import { runProgram } from './run-program.js';
import { version } from './version.js';

function overview(): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    'Usage: ts-fairseq <command> [options]',
    '',
    'A sequence-to-sequence toolkit modelled on fairseq.',
    'The training criterion is a plug-in.',
    '',
    'Commands:',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'ts-fairseq <command> --help   describe the options of a command',
    'ts-fairseq --version          print the version',
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
export function main(argv: readonly string[]): Promise<number> {
  return runProgram(() => dispatch(argv));
}
