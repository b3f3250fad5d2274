import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { publishTogether } from '../../src/data/staging.js';
import { UserError } from '../../src/errors.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const folder = temporaryFolder();

it('files appear together, and no hidden folder remains', async () => {
  const destination = join(folder, 'new', 'data-bin');
  await publishTogether(destination, async (staging) => {
    for (const name of ['a', 'b']) writeFileSync(join(staging, name), name);
    expect(readdirSync(destination)).not.toContain('a');
  });
  expect(readdirSync(destination).sort()).toEqual(['a', 'b']);
});

it('an error names the file by its final path, and leaves no files', async () => {
  const destination = join(folder, 'full', 'data-bin');
  const failing = publishTogether(destination, async (staging) => {
    writeFileSync(join(staging, 'a'), '');
    throw new UserError(`${join(staging, 'a')} cannot be written (the disk is full)`, 'free some space');
  });
  await expect(failing).rejects.toThrow(
    `${join(destination, 'a')} cannot be written (the disk is full); free some space`,
  );
  expect(existsSync(join(folder, 'full'))).toBe(false);
});

it('a folder with the name of a file leaves all files unchanged', async () => {
  const destination = join(folder, 'taken');
  mkdirSync(join(destination, 'b'), { recursive: true });
  writeFileSync(join(destination, 'a'), 'old');
  const publishing = publishTogether(destination, async (staging) => {
    for (const name of ['a', 'b']) writeFileSync(join(staging, name), 'new');
  });
  await expect(publishing).rejects.toThrow(`${join(destination, 'b')} cannot be written (it is a folder); remove it`);
  expect(readFileSync(join(destination, 'a'), 'utf8')).toBe('old');
  expect(readdirSync(destination).sort()).toEqual(['a', 'b']);
});

it('leftovers of a killed process are removed; the folder of a running one stays', async () => {
  const destination = join(folder, 'killed');
  const gone = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(gone, 'close');
  const names: string[] = [];
  await publishTogether(destination, async (staging) => {
    const name = basename(staging);
    names.push(name.replace(String(process.pid), String(gone.pid)), name.replace(String(process.pid), '1'));
  });
  for (const name of names) {
    mkdirSync(join(destination, name));
    writeFileSync(join(destination, name, 'a'), '');
  }
  writeFileSync(join(folder, 'precious'), '');
  symlinkSync(folder, join(destination, `${names[0]}link`));
  await publishTogether(destination, async () => {});
  expect(readdirSync(destination)).toEqual([names[1]]);
  expect(readdirSync(folder)).toContain('precious');
});
