import { availableParallelism } from 'node:os';
import { type ParseArgsConfig, parseArgs } from 'node:util';

const COMMON = {
  json: { type: 'string' },
  threads: { type: 'string', default: String(availableParallelism()) },
  data: { type: 'string', default: 'data-bin/multi30k.de-en' },
  short: { type: 'boolean', default: false },
} as const satisfies ParseArgsConfig['options'];

/** Parses the flags of a benchmark: its own, and `--json FILE`, `--threads N`, `--data DIR`, `--short`. */
export function benchmarkOptions<const T extends NonNullable<ParseArgsConfig['options']>>(own: T) {
  const { values } = parsed({ ...own, ...COMMON });
  const { json, threads, data, short } = values as CommonValues;
  return { ...values, json, threads: Number(threads), data, short };
}

/** Parses flags. Ends the process for `--help` and for an unknown flag. */
function parsed<T extends NonNullable<ParseArgsConfig['options']>>(options: T) {
  const flags = Object.keys(options).map((name) => `--${name}`);
  if (process.argv.includes('--help')) {
    console.log(`flags: ${flags.join(', ')}; see bench/README.md`);
    return process.exit();
  }
  try {
    return parseArgs({ options });
  } catch (error) {
    console.error(`bench: ${(error as Error).message}; the flags are ${flags.join(', ')}`);
    return process.exit(2);
  }
}

interface CommonValues {
  readonly json?: string;
  readonly threads: string;
  readonly data: string;
  readonly short: boolean;
}
