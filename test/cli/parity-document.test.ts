import { beforeAll, describe, expect, it } from 'vitest';
import { commands } from '../../src/cli/commands/index.js';
import { builtInComponents } from '../../src/components.js';
import { flagOf } from '../../src/options/schema.js';
import { runCommandLine } from '../helpers/command-line.js';
import { parityRows as rows, VERDICTS } from '../helpers/parity-rows.js';

/** The rows as pairs of a command and a flag. */
const entries = rows.flatMap((row) =>
  row.commands.flatMap((command) => row.flags.map((flag) => ({ ...row, command, flag, name: `${command} ${flag}` }))),
);

/** What has to be chosen for every plug-in of `train` to show its options. */
function choicesOfTrain(): string[][] {
  const { architectures, criterions, optimizers, lrSchedulers } = builtInComponents();
  const names = {
    '--arch': architectures.names(),
    '--criterion': criterions.names(),
    '--optimizer': optimizers.names(),
    '--lr-scheduler': lrSchedulers.names(),
  };
  const most = Math.max(...Object.values(names).map(({ length }) => length));
  return Array.from({ length: most }, (_, index) =>
    Object.entries(names).flatMap(([flag, all]) => (index < all.length ? [flag, all[index]!] : [])),
  );
}

/** `COMMAND --flag` for every option in every command's help, the help itself apart. */
async function optionsInHelp(): Promise<Set<string>> {
  const found = new Set<string>();
  for (const { name } of commands) {
    for (const choices of name === 'train' ? choicesOfTrain() : [[]]) {
      const { stdout } = await runCommandLine([name, ...choices, '--help']);
      const flags = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, flag]) => flag!);
      for (const flag of flags) if (flag !== '--help') found.add(`${name} ${flag}`);
    }
  }
  return found;
}

describe('docs/fairseq-parity.md and docs/text-parity.md', () => {
  let known: Set<string>;
  beforeAll(async () => {
    known = await optionsInHelp();
  });

  it('is read: every row names commands, options and one of the verdicts', () => {
    expect(rows.length).toBeGreaterThan(100);
    const names = new Set(commands.map(({ name }) => name));
    for (const { line, commands, flags, verdict } of rows) {
      expect(Object.values(VERDICTS).flat(), line).toContain(verdict);
      expect(flags, line).not.toEqual([]);
      expect(
        commands.filter((name) => !names.has(name)),
        line,
      ).toEqual([]);
    }
  });

  it('says why where an option differs', () => {
    const silent = rows.filter(({ verdict, note }) => /different|in part|not supported/.test(verdict) && note === '');
    expect(silent.map(({ line }) => line)).toEqual([]);
  });

  it('has every option of every command once', () => {
    const listed = entries.filter(({ isThere }) => isThere).map(({ name }) => name);
    expect([...known].filter((name) => !listed.includes(name))).toEqual([]);
    expect(listed.filter((name, index) => listed.indexOf(name) !== index)).toEqual([]);
  });

  it('promises no option that there is not, and denies none that there is', () => {
    const wrong = entries.filter(({ isThere, name }) => isThere !== known.has(name));
    expect(wrong.map(({ name, verdict }) => `${name}: ${verdict}`)).toEqual([]);
  });

  it('calls ignored what the command accepts without effect', async () => {
    const ignored = entries.filter(({ verdict }) => verdict === 'ignored');
    expect(ignored.length).toBeGreaterThan(8);
    for (const { command, flag, name } of ignored) {
      const { ignored: options = {} } = await commands.find((one) => one.name === command)!.load();
      expect(
        Object.entries(options).map(([key, { spec }]) => flagOf(key, spec)),
        name,
      ).toContain(flag);
    }
  });

  it('quotes what the command says of an option that is not supported', async () => {
    const unsupported = entries.filter(({ verdict }) => verdict === 'not supported');
    expect(unsupported.length).toBeGreaterThan(20);
    for (const { command, flag, note, name } of unsupported) {
      const { code, stderr } = await runCommandLine([command, 'data', flag]);
      expect(code, name).toBe(2);
      const [, quote] = /^"(.*?)"/.exec(note) ?? [];
      expect(stderr.trimEnd(), name).toBe(`ts-fairseq: ${flag} is not supported; ${quote}`);
    }
  });
});
