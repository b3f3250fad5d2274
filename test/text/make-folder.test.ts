import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { makeFolder } from '../../src/text/make-folder.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const folder = temporaryFolder();
const at = (...names: string[]): string => join(folder, ...names);

describe('making a folder', () => {
  mkdirSync(at('there'));
  writeFileSync(at('file'), '');

  it.each([
    ['is made itself', at('one'), at('one')],
    ['is made with those above it, the topmost of which is named', at('a', 'b', 'c'), at('a')],
    ['is made below one that is there', at('there', 'd', 'e'), at('there', 'd')],
    ['that is there is left alone', at('there'), undefined],
    ['may be the root', '/', undefined],
    ['may be the working folder', '.', undefined],
  ])('one that %s', (_, path, made) => {
    expect(makeFolder(path)).toBe(made);
    expect(readdirSync(path)).toBeInstanceOf(Array);
  });

  it.each([
    ['where a file is', at('file'), 'EEXIST'],
    ['below a file', at('file', 'x', 'y'), 'ENOTDIR'],
    ['below /proc', '/proc/none/x/y', 'ENOENT'],
  ])('is refused %s', (_, path, code) => {
    expect(() => makeFolder(path)).toThrow(expect.objectContaining({ code, syscall: 'mkdir' }));
  });
});

it("nothing in src calls Node's own recursive mkdir, which may never return", () => {
  const source = fileURLToPath(new URL('../../src', import.meta.url));
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  expect(files.filter((name) => /mkdir(Sync)?\([^;]*recursive/.test(readFileSync(join(source, name), 'utf8')))).toEqual(
    [],
  );
});
