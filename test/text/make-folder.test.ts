import * as fs from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { writeAtomically } from '../../src/checkpoint/atomic-file.js';
import { unfinishedFile } from '../../src/checkpoint/unfinished-file.js';
import { makeFolder } from '../../src/text/make-folder.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

/** The paths that were flushed to disk. */
const synced: string[] = [];

vi.mock('node:fs', async (importOriginal) => {
  const real = await importOriginal<typeof fs>();
  const fsyncSync = (file: number): void => {
    synced.push(real.readlinkSync(`/proc/self/fd/${file}`));
    real.fsyncSync(file);
  };
  return { ...real, fsyncSync };
});

const { mkdirSync, readdirSync, readFileSync, writeFileSync } = fs;
const folder = temporaryFolder();
const at = (...names: string[]): string => join(folder, ...names);

describe('making a folder', () => {
  mkdirSync(at('there'));
  writeFileSync(at('file'), '');

  it.each([
    ['is created', at('one'), at('one')],
    ['is created with its parents, and the topmost is returned', at('a', 'b', 'c'), at('a')],
    ['is created in an existing folder', at('there', 'd', 'e'), at('there', 'd')],
    ['exists is not changed', at('there'), undefined],
    ['may be the root', '/', undefined],
    ['may be the working folder', '.', undefined],
  ])('one that %s', (_, path, made) => {
    expect(makeFolder(path)).toBe(made);
    expect(readdirSync(path)).toBeInstanceOf(Array);
  });

  it.each([
    ['if a file exists there', at('file'), 'EEXIST'],
    ['below a file', at('file', 'x', 'y'), 'ENOTDIR'],
    ['below /proc', '/proc/none/x/y', 'ENOENT'],
  ])('is refused %s', (_, path, code) => {
    expect(() => makeFolder(path)).toThrow(expect.objectContaining({ code, syscall: 'mkdir' }));
  });
});

describe('the following names are flushed to disk:', () => {
  it('every folder that is created, but no existing ones', () => {
    synced.length = 0;
    makeFolder(at('new', 'newer', 'newest'));
    expect(synced).toEqual([folder, at('new'), at('new', 'newer')]);
    makeFolder(at('new', 'newer'));
    expect(synced).toHaveLength(3);
  });

  it('a checkpoint in new folders, after its bytes and before it is reported as saved', () => {
    synced.length = 0;
    writeAtomically(at('save', 'run', 'file'), [Buffer.from('bytes')]);
    const unfinished = unfinishedFile(at('save', 'run', 'file'));
    expect(synced).toEqual([folder, at('save'), unfinished, at('save', 'run')]);
  });

  it('one in a folder that is writable but not readable, if possible', () => {
    mkdirSync(at('dark'), { mode: 0o300 });
    expect(makeFolder(at('dark', 'inner'))).toBe(at('dark', 'inner'));
  });
});

it("nothing in src calls Node's own recursive mkdir, which may never return", () => {
  const source = fileURLToPath(new URL('../../src', import.meta.url));
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  expect(files.filter((name) => /mkdir(Sync)?\([^;]*recursive/.test(readFileSync(join(source, name), 'utf8')))).toEqual(
    [],
  );
});
