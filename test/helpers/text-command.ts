import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { runCommand } from '../../src/cli/command.js';
import { commands } from '../../src/cli/commands/index.js';

/** A temporary folder for each test, and command lines that read and write there. */
export interface CommandFolder {
  readonly path: string;
  at(name: string): string;
  /** The lines of a file, each of which must end with `\n`. */
  linesOf(name: string): string[];
  /** Runs a command line, e.g. `lowercase DIR/in DIR/out`; single spaces separate words, DIR is the folder. */
  run(line: string): Promise<void>;
}

export function commandFolder(): CommandFolder {
  let path = '';
  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), 'text-commands-'));
  });
  afterEach(() => rmSync(path, { recursive: true }));
  const at = (name: string): string => join(path, name);
  return {
    get path() {
      return path;
    },
    at,
    linesOf: (name) => readFileSync(at(name), 'utf8').split('\n').slice(0, -1),
    async run(line) {
      const [name, ...argv] = line.split(' ').map((word) => word.replaceAll('DIR', path));
      await runCommand(await commands.find((command) => command.name === name)!.load(), argv);
    },
  };
}
