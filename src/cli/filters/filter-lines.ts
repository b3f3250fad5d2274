import { setImmediate } from 'node:timers/promises';
import { UserError } from '../../errors.js';
import { defineOptions, type OptionsOf } from '../../options/schema.js';
import { linesOf, readTextBlocks, writeBlocksAtomically } from '../../text/lines.js';
import { isDeviceOrPipe } from '../../text/special-file.js';
import { untilInterrupted } from '../interruption.js';
import type { ArgumentSpec } from '../options/declare.js';

/** The file arguments of a line filter. */
export const filterArguments: readonly ArgumentSpec[] = [
  { name: 'input', help: 'text to read; stdin if - or omitted', optional: true },
  { name: 'output', help: 'file to write; stdout if - or omitted', optional: true },
];

/** The same files as options, like those of subword-nmt and SentencePiece. */
export const fileOptions = defineOptions({
  input: {
    kind: 'string',
    default: null,
    aliases: ['-i'],
    metavar: 'FILE',
    help: 'text to read, instead of the argument',
  },
  output: {
    kind: 'string',
    default: null,
    aliases: ['-o'],
    metavar: 'FILE',
    help: 'file to write, instead of the argument',
  },
});

/**
 * The files to read and to write, from arguments or options.
 * @throws UserError if a file is given by both
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

/** Transforms a block of lines, each terminated by `\n`. The result may be valid only until the next call. */
export type BlockFilter = (block: Buffer) => Uint8Array;

/** Reads a text, transforms each block of lines and writes the results, in bounded memory. */
export async function filterBlocks([input = '-', output = '-']: readonly string[], filter: BlockFilter): Promise<void> {
  await writeFiltered(input, output, filtered(readTextBlocks(input), filter));
}

/**
 * Writes the blocks made from an input. If both are files, SIGINT and SIGTERM remove the unfinished output. If one is a
 * stream, they end the process at once: it may be blocked on the stream and unable to handle signals.
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
    await setImmediate(); // lets signals arrive
    signal.throwIfAborted();
  }
}

function* filtered(blocks: Iterable<Buffer>, filter: BlockFilter): Generator<Uint8Array> {
  for (const block of blocks) yield filter(block);
}

/** A filter that transforms each line. */
export function lineFilter(transform: (line: string) => string): BlockFilter {
  return (block) => {
    const lines = linesOf(block).map((line) => transform(line));
    return lines.length === 0 ? block : Buffer.from(`${lines.join('\n')}\n`);
  };
}
