import { FLAGS, type FlagSpec } from './flags.js';

const WIDTH = 34; // of the flags' column
const COLUMNS = 80; // of the help

const HEAD = `usage: sacrebleu-ts REF [REF …] -i HYP [HYP …] [options]
       sacrebleu-ts REF [REF …] [options] < HYP

BLEU, chrF and TER of translations, as sacrebleu computes and prints them.
Files have one segment per line; files that end in .gz are decompressed.
`;

const TAIL = `
The variable SACREBLEU_SEED sets the seed of resamples and trials
(12345; None: a different one in each run).
`;

/** The text of `--help`. */
export function helpText(): string {
  const sections = [...grouped()].map(([group, specs]) => `\n${group}:\n${specs.map(lineOf).join('')}`);
  return `${HEAD}${sections.join('')}${TAIL}`;
}

function grouped(): Map<string, FlagSpec[]> {
  const groups = new Map<string, FlagSpec[]>();
  for (const spec of Object.values<FlagSpec>(FLAGS)) groups.set(spec.group, [...(groups.get(spec.group) ?? []), spec]);
  return groups;
}

function lineOf(spec: FlagSpec): string {
  const names = [spec.long, ...spec.shorts].join(', ');
  const flags = `  ${names}${valueName(spec)}`;
  const margin = `\n${' '.repeat(WIDTH)}`;
  const description = wrapped(`${spec.help}${defaultText(spec)}`, COLUMNS - WIDTH).join(margin);
  return `${flags.length < WIDTH ? flags.padEnd(WIDTH) : `${flags}${margin}`}${description}\n`;
}

/** Breaks a text at spaces into lines of limited width. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.length === 0 ? word : `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && line.length <= width) lines[lines.length - 1] = line;
    else lines.push(word);
  }
  return lines;
}

function valueName(spec: FlagSpec): string {
  if (spec.kind === 'boolean') return '';
  if (spec.kind === 'integer' || spec.kind === 'number') return ' N';
  const name = spec.choices?.join('|') ?? spec.metavar ?? 'TEXT';
  return spec.kind === 'list' ? ` ${name} …` : ` ${name}`;
}

function defaultText(spec: FlagSpec): string {
  return spec.kind === 'boolean' || spec.default === null ? '' : ` (${[spec.default].flat().join(' ')})`;
}
