import { type CommandDefinition, runCommand } from '../../../src/cli/command.js';
import { runProgram } from '../../../src/cli/run-program.js';
import type { OptionSchema } from '../../../src/options/schema.js';
import { buildAddOns } from './build-add-ons.js';
import { commandLine } from './substitutes/program.js';
import { version } from './substitutes/version.js';

const OTHERS = `
Other commands:
  ${commandLine('serve')} FOLDER…   serve models over HTTP, with a page
  ${commandLine('build')}           compile the native add-ons, which translate about 30 times faster
  ${commandLine('--version')}       print the version
`;

/** Runs the command line and returns the exit code. Without the name of another command, it translates. */
export function main(argv: readonly string[]): Promise<number> {
  return runProgram(() => dispatch(argv));
}

async function dispatch(argv: readonly string[]): Promise<void> {
  const [name, ...rest] = argv;
  if (name === '--version' || name === '-V') {
    process.stdout.write(`${version}\n`);
  } else if (name === 'serve') {
    const { serveCommand } = await import('../../../src/cli/commands/serve.js');
    await runCommand(ofThisProgram(serveCommand), rest);
  } else if (name === 'build' && rest.length === 0) {
    buildAddOns();
  } else {
    await translate(name === undefined ? ['--help'] : argv);
  }
}

async function translate(argv: readonly string[]): Promise<void> {
  const { translateCommand } = await import('../../../src/cli/commands/translate.js');
  try {
    await runCommand(ofThisProgram(translateCommand), argv);
  } finally {
    if (argv[0] === '--help' || argv[0] === '-h') process.stdout.write(OTHERS);
  }
}

/** A command of ts-fairseq with examples of this program. */
function ofThisProgram<S extends OptionSchema>(command: CommandDefinition<S>): CommandDefinition<S> {
  const { examples = [], name } = command;
  return { ...command, examples: examples.map((line) => line.replaceAll(`ts-fairseq ${name}`, commandLine(name))) };
}
