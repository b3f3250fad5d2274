import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { commands } from '../../src/cli/commands/index.js';
import { builtInComponents } from '../../src/components.js';
import { runCommandLine } from '../helpers/command-line.js';
import { PARITY_PAGES, parityRows as rows, VERDICTS } from '../helpers/parity-rows.js';
import { regenerateTables } from '../helpers/parity-tables.js';

const definitions = await Promise.all(commands.map(({ load }) => load()));

/** `COMMAND --flag` for every command and flag of every row. */
const listed = rows.flatMap(({ commands, flags }) =>
  commands.flatMap((command) => flags.map((flag) => `${command} ${flag}`)),
);

/** Choices of plug-ins that together show the options of all plug-ins of `train`. */
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

/** `COMMAND --flag` for every option in every command's help, except --help. */
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

  it('has rows with known commands, options and verdicts', () => {
    expect(rows.length).toBeGreaterThan(100);
    const names = new Set(commands.map(({ name }) => name));
    for (const { line, commands, flags, verdict } of rows) {
      expect(VERDICTS, line).toContain(verdict);
      expect(flags, line).not.toEqual([]);
      expect(
        commands.filter((name) => !names.has(name)),
        line,
      ).toEqual([]);
    }
  });

  it('gives a reason for every difference', () => {
    const silent = rows.filter(({ verdict, remark }) => /different|partly/.test(verdict) && remark === '');
    expect(silent.map(({ line }) => line)).toEqual([]);
  });

  it('lists every option of every command exactly once', () => {
    expect([...known].filter((name) => !listed.includes(name))).toEqual([]);
    expect(listed.filter((name, index) => listed.indexOf(name) !== index)).toEqual([]);
  });

  it('lists no option that does not exist', () => {
    expect(listed.filter((name) => !known.has(name))).toEqual([]);
  });

  it('lists ignored and unsupported options of every command', () => {
    for (const kind of ['ignored', 'unsupported'] as const) {
      const pages = PARITY_PAGES.map((path) => readFileSync(path, 'utf8')).join('');
      const tables = [...pages.matchAll(new RegExp(`<!-- begin ${kind}: (.*?) -->`, 'g'))];
      const covered = tables.flatMap(([, names]) => names!.split(', '));
      expect(definitions.filter((one) => one[kind] !== undefined && !covered.includes(one.name))).toEqual([]);
    }
  });

  // The tables of ignored and unsupported options: `npm run docs` writes them.
  it.each(PARITY_PAGES)('has current tables: %s', async (path) => {
    await expect(await regenerateTables(readFileSync(path, 'utf8')), basename(path)).toMatchFileSnapshot(path);
  });
});

describe.each(definitions)('$name', ({ name, unsupported = {} }) => {
  it('refuses unsupported options in one line that says what to do instead', async () => {
    for (const [flag, remedy] of Object.entries(unsupported)) {
      const { code, stderr } = await runCommandLine([name, 'data', flag]);
      expect({ code, stderr }).toEqual({ code: 2, stderr: `ts-fairseq: ${flag} is not supported; ${remedy}\n` });
    }
  });
});
