import { availableParallelism } from 'node:os';
import { type ParseArgsConfig, parseArgs } from 'node:util';

const COMMON = {
  json: { type: 'string' },
  threads: { type: 'string', default: String(availableParallelism()) },
  data: { type: 'string', default: 'data-bin/multi30k.de-en' },
  short: { type: 'boolean', default: false },
} as const satisfies ParseArgsConfig['options'];

/** The flags of a benchmark: its own, and `--json FILE`, `--threads N`, `--data DIR`, `--short`. */
export function benchmarkOptions<const T extends NonNullable<ParseArgsConfig['options']>>(own: T) {
  const { values } = parsed({ ...own, ...COMMON });
  const { json, threads, data, short } = values as CommonValues;
  return { ...values, json, threads: Number(threads), data, short };
}

/** Ends the process where a flag is unknown. */
function parsed<T extends NonNullable<ParseArgsConfig['options']>>(options: T) {
  try {
    return parseArgs({ options });
  } catch (error) {
    const known = Object.keys(options).map((name) => `--${name}`);
    console.error(`bench: ${(error as Error).message}; the flags are ${known.join(', ')}`);
    return process.exit(2);
  }
}

interface CommonValues {
  readonly json?: string;
  readonly threads: string;
  readonly data: string;
  readonly short: boolean;
}
