import { didYouMean } from './did-you-mean.js';
import { FLAGS, type FlagSpec, TEST_SET_FLAGS, type Values } from './flags.js';
import { UserError } from './user-error.js';

export interface CommandLine {
  readonly references: readonly string[];
  readonly values: Values;
}

const SPECS: ReadonlyMap<string, readonly [key: string, spec: FlagSpec]> = new Map(
  Object.entries<FlagSpec>(FLAGS).flatMap(([key, spec]) =>
    [spec.long, ...spec.shorts].map((name) => [name, [key, spec] as const]),
  ),
);

/**
 * Parses a command line as Python's argparse does for sacrebleu: short names of several letters, lists that end at the next
 * flag, `--flag=value`, `-w2`, unambiguous prefixes of long names.
 * @throws UserError for unknown flags and invalid values
 */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const values = new Map<string, unknown>(Object.entries<FlagSpec>(FLAGS).map(([key, spec]) => [key, defaultOf(spec)]));
  const seen = new Set<string>();
  const references: string[] = [];
  for (let index = 0; index < argv.length; ) {
    const argument = argv[index++]!;
    if (argument === '--') {
      references.push(...argv.slice(index));
      break;
    }
    if (!isFlag(argument)) {
      references.push(argument);
      continue;
    }
    const { name, key, spec, attached } = resolve(argument);
    const end = attached === null ? endOfValues(argv, index, spec) : index;
    const texts = attached === null ? argv.slice(index, end) : [attached];
    index = end;
    const value = readValue(name, spec, texts);
    // A repeated flag extends its list: -i a -i b.
    const isAgain = spec.kind === 'list' && seen.has(key);
    values.set(key, isAgain ? [...(values.get(key) as string[]), ...(value as string[])] : value);
    seen.add(key);
  }
  return { references, values: Object.fromEntries(values) as Values };
}

const defaultOf = (spec: FlagSpec): unknown => (spec.kind === 'boolean' ? false : spec.default);

/** A negative number is a value. */
const isFlag = (argument: string): boolean => /^-./.test(argument) && !/^-\d|^-\.\d/.test(argument);

interface Resolved {
  readonly name: string; // as typed
  readonly key: string;
  readonly spec: FlagSpec;
  readonly attached: string | null; // the text after `=` or a one-letter name
}

function resolve(argument: string): Resolved {
  const equals = argument.indexOf('=');
  const name = equals < 0 ? argument : argument.slice(0, equals);
  const attached = equals < 0 ? null : argument.slice(equals + 1);
  if (TEST_SET_FLAGS.includes(name)) {
    throw new UserError(`${name} is not supported`, 'test sets are not included; name the files with the references');
  }
  const found = SPECS.get(name) ?? byBeginning(name);
  if (found !== undefined) return { name, key: found[0], spec: found[1], attached };
  const letter = argument.slice(0, 2);
  const short = SPECS.get(letter);
  if (short !== undefined && short[1].kind !== 'boolean' && !argument.startsWith('--')) {
    return { name: letter, key: short[0], spec: short[1], attached: argument.slice(2) };
  }
  throw new UserError(`unknown option ${name}`, didYouMean(name, [...SPECS.keys()]));
}

function byBeginning(name: string): readonly [key: string, spec: FlagSpec] | undefined {
  if (!name.startsWith('--')) return undefined;
  const candidates = [...SPECS.keys()].filter((known) => known.startsWith(name));
  if (candidates.length > 1) throw new UserError(`${name} is ambiguous`, `use ${candidates.join(' or ')}`);
  return candidates.length === 1 ? SPECS.get(candidates[0]!) : undefined;
}

/** The end of the values of a flag that begin at `start`. */
function endOfValues(argv: readonly string[], start: number, spec: FlagSpec): number {
  if (spec.kind === 'boolean') return start;
  const most = spec.kind === 'list' ? argv.length : start + 1;
  let end = start;
  while (end < Math.min(most, argv.length) && !isFlag(argv[end]!)) end++;
  return end;
}

function readValue(name: string, spec: FlagSpec, texts: readonly string[]): unknown {
  if (spec.kind === 'boolean') {
    if (texts.length > 0) throw new UserError(`${name} takes no value`, `remove '${texts[0]}'`);
    return true;
  }
  if (texts.length === 0) throw new UserError(`${name} needs a value`, spec.help);
  if (spec.kind === 'list' || spec.kind === 'text') {
    for (const text of texts) requireChoice(name, text, spec.choices);
    return spec.kind === 'list' ? texts : texts[0];
  }
  const number = Number(texts[0]);
  const most = spec.kind === 'number' ? undefined : spec.max;
  const isInRange = number >= spec.min && number <= (most ?? Number.MAX_VALUE);
  const isOfKind = spec.kind === 'number' || Number.isInteger(number);
  if (texts[0]!.trim() === '' || !isInRange || !isOfKind) {
    const kind = spec.kind === 'number' ? 'a number' : 'a whole number';
    const wanted = `${kind} from ${spec.min}${most === undefined ? '' : ` to ${most}`}`;
    throw new UserError(`${name} is '${texts[0]}'`, `it must be ${wanted}`);
  }
  return number;
}

function requireChoice(name: string, text: string, choices: readonly string[] | undefined): void {
  if (choices === undefined || choices.includes(text)) return;
  const remedy = didYouMean(text, choices);
  const isMetric = name === '-m' || name === '--metrics';
  const hint = isMetric && !remedy.startsWith('did') ? '; files with references must come before -m' : '';
  throw new UserError(`${name}: unknown '${text}'`, `${remedy}${hint}`);
}
