import { describe, expect, it, onTestFinished } from 'vitest';
import type { CommandDefinition } from '../../src/cli/command.js';
import { commands } from '../../src/cli/commands/index.js';
import { flagOf, type OptionSpec } from '../../src/options/schema.js';
import { runCommandLine } from '../helpers/command-line.js';

/** The titles of a help and the lines under each. */
function sections(help: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  let lines: string[] = [];
  for (const line of help.split('\n')) {
    const title = /^([A-Z].*):$/.exec(line)?.[1];
    if (title !== undefined) {
      lines = [];
      found.set(title, lines);
    } else if (line !== '') lines.push(line);
  }
  return found;
}

/** Whether a line begins the entry of a flag: `  -s, --sys <FILE>  …`. */
const introduces = (line: string, flag: string): boolean =>
  line.startsWith('  -') && line.trim().split(/[ ,]+/).slice(0, 2).includes(flag);

describe.each(commands.map(({ name, load }) => ({ name, load })))('$name --help', ({ name, load }) => {
  it('shows every option once, in its group, with its help', async () => {
    const { code, stdout, stderr } = await runCommandLine([name, '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { options }: CommandDefinition = await load();
    const found = sections(stdout);
    for (const [key, spec] of Object.entries(options)) {
      const flag = flagOf(key, spec);
      const titles = [...found].flatMap(([title, lines]) =>
        lines.filter((line) => introduces(line, flag)).map(() => title),
      );
      expect(titles, flag).toEqual([spec.group ?? 'Options']);
      expect(spec.help, flag).not.toBe('');
    }
  });

  it('shows other spellings of an option, e.g. --remove-bpe, but not those with underscores', async () => {
    const words = (await runCommandLine([name, '--help'])).stdout.split(/[\s,();]+/);
    const { options }: CommandDefinition = await load();
    for (const [key, { aliases = [], ...spec }] of Object.entries(options)) {
      for (const alias of aliases.filter((text) => text.startsWith('--'))) {
        const isOther = alias.replaceAll('_', '-') !== flagOf(key, spec as OptionSpec) && !/[A-Z]/.test(alias);
        expect(words.includes(alias), alias).toBe(isOther);
      }
    }
  });

  it('groups its options, the help itself last, and ends with examples', async () => {
    const found = sections((await runCommandLine([name, '--help'])).stdout);
    expect([...found.keys()].slice(-2)).toEqual(['Options', 'Examples']);
    const ungrouped = found.get('Options')!.filter((line) => line.startsWith('  -'));
    const isSmall = ![...found.keys()].some((title) => !['Arguments', 'Options', 'Examples'].includes(title));
    if (!isSmall) expect(ungrouped).toEqual([expect.stringMatching(/^ {2}-h, --help +show this help$/)]);
  });

  it.each([
    ['a file, 100', undefined, 100],
    ['a terminal of 80', 80, 80],
  ])('keeps to the columns of %s but for usage and examples', async (_, terminal, width) => {
    const { columns } = process.stdout;
    Object.assign(process.stdout, { columns: terminal });
    onTestFinished(() => void Object.assign(process.stdout, { columns }));
    const { stdout } = await runCommandLine([name, '--help']);
    const body = stdout.slice(stdout.indexOf('\n\n'), stdout.indexOf('\nExamples:'));
    expect(body.split('\n').filter((line) => line.length > width)).toEqual([]);
  });
});

describe('the overview', () => {
  it.each([[[]], [['--help']], [['-h']], [['help']]])('lists every command: ts-fairseq %j', async (argv) => {
    const { code, stdout } = await runCommandLine(argv);
    expect(code).toBe(0);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    for (const { name, summary } of commands) expect(stdout).toMatch(new RegExp(`^ {2}${name} +${summary}$`, 'm'));
  });

  it('prints the help of a command', async () => {
    const { stdout } = await runCommandLine(['help', 'score']);
    expect(stdout).toMatch(/^Usage: ts-fairseq score/);
  });

  it('prints the version', async () => {
    expect(await runCommandLine(['--version'])).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
      stderr: '',
    });
  });
});
