import { setImmediate } from 'node:timers/promises';
import { UserError } from '../../errors.js';
import { defineOptions, type OptionsOf } from '../../options/schema.js';
import { linesOf, readTextBlocks, writeBlocksAtomically } from '../../text/lines.js';
import { isDeviceOrPipe } from '../../text/special-file.js';
import type { ArgumentSpec } from '../command.js';
import { untilInterrupted } from '../interruption.js';

/** Where a line filter reads and writes. */
export const filterArguments: readonly ArgumentSpec[] = [
  { name: 'input', help: 'text to read; - or nothing is stdin', optional: true },
  { name: 'output', help: 'file to write; - or nothing is stdout', optional: true },
];

/** The same as options, as subword-nmt and SentencePiece have them. */
export const fileOptions = defineOptions({
  input: {
    kind: 'string',
    default: null,
    aliases: ['-i'],
    metavar: 'FILE',
    help: 'the text to read, instead of the argument',
  },
  output: {
    kind: 'string',
    default: null,
    aliases: ['-o'],
    metavar: 'FILE',
    help: 'the file to write, instead of the argument',
  },
});

/**
 * Where to read and to write, by argument or option.
 * @throws UserError where both say it
 */
export function filesOf(
  [input, output]: readonly string[],
  options: OptionsOf<typeof fileOptions>,
): [input: string, output: string] {
  return [oneOf('input', input, options.input), oneOf('output', output, options.output)];
}

function oneOf(name: 'input' | 'output', argument: string | undefined, option: string | null): string {
  if (argument === undefined || option === null) return argument ?? option ?? '-';
  throw new UserError(`the ${name} is given twice, as '${argument}' and by --${name} ${option}`, 'leave one out');
}

/** Turns a block of lines, each ended by `\n`, into another, which may be valid until the next call only. */
export type BlockFilter = (block: Buffer) => Uint8Array;

/** Reads a text, turns each block of lines into another and writes them, in bounded memory. */
export async function filterBlocks([input = '-', output = '-']: readonly string[], filter: BlockFilter): Promise<void> {
  await writeFiltered(input, output, filtered(readTextBlocks(input), filter));
}

/**
 * Writes what comes of an input. Between two files SIGINT and SIGTERM take away what was written; with a stream, which may
 * keep the process waiting where it hears no signal, they end it at once.
 */
export async function writeFiltered(
  input: string,
  output: string,
  blocks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  if ([input, output].some((path) => path === '-' || isDeviceOrPipe(path)))
    return writeBlocksAtomically(output, blocks);
  await untilInterrupted((signal) => writeBlocksAtomically(output, unlessAborted(blocks, signal)), null);
}

async function* unlessAborted<T>(blocks: Iterable<T> | AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  for await (const block of blocks) {
    yield block;
    await setImmediate(); // else no signal is heard
    signal.throwIfAborted();
  }
}

function* filtered(blocks: Iterable<Buffer>, filter: BlockFilter): Generator<Uint8Array> {
  for (const block of blocks) yield filter(block);
}

/** A filter that turns each line into another. */
export function lineFilter(transform: (line: string) => string): BlockFilter {
  return (block) => {
    const lines = linesOf(block).map((line) => transform(line));
    return lines.length === 0 ? block : Buffer.from(`${lines.join('\n')}\n`);
  };
}
