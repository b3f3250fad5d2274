import {
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { copyAtomically, prepareFolder, writeAtomically } from '../../src/checkpoint/atomic-file.js';
import { saveCheckpoint } from '../../src/checkpoint/checkpoint.js';
import { identityOfProcess } from '../../src/checkpoint/process-identity.js';
import { unfinishedFile } from '../../src/checkpoint/unfinished-file.js';
import { EventFile } from '../../src/cli/output/event-file.js';
import { BufferedFile } from '../../src/data/buffered-file.js';
import { UserError } from '../../src/errors.js';
import { writeLinesAtomically } from '../../src/text/lines.js';
import { openNewFile, openTemporaryFile } from '../../src/text/new-file.js';
import { sampleCheckpoint } from '../checkpoint/sample.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const parent = temporaryFolder();
let folder: string;
let precious: string;
const at = (name: string): string => join(folder, name);

beforeEach(() => {
  folder = mkdtempSync(join(parent, 'test-'));
  precious = join(parent, 'precious');
  writeFileSync(precious, 'precious');
  writeFileSync(at('source'), 'new');
});

const LEFTOVERS: [string, (path: string) => void][] = [
  ['an unfinished file', (path) => writeFileSync(path, 'a longer half of a file')],
  ['a hard link to another file', (path) => linkSync(precious, path)],
  ['a symbolic link to another file', (path) => symlinkSync(precious, path)],
  ['a symbolic link to nothing', (path) => symlinkSync(at('nowhere'), path)],
];

const PID = process.pid;
/** Functions that write under a temporary name, that name, and the resulting file. */
const WRITERS: [string, temporary: string, result: string, write: () => void][] = [
  ['a whole file', unfinishedFile('a'), 'a', () => writeAtomically(at('a'), [Buffer.from('new')])],
  ['a second name', unfinishedFile('b'), 'b', () => copyAtomically(at('source'), at('b'))],
  [
    'a checkpoint',
    unfinishedFile('c.safetensors'),
    'c.safetensors',
    () => saveCheckpoint(at('c'), sampleCheckpoint(1)),
  ],
  ['a .pt', unfinishedFile('c.pt'), 'c.pt', () => saveCheckpoint(at('c.pt'), sampleCheckpoint(1))],
  ['a text', `t.${PID}.tmp`, 't', () => writeLinesAtomically(at('t'), ['new'])],
];

describe.each(LEFTOVERS)('if %s has the temporary name', (_, leave) => {
  it.each(WRITERS)('%s is rewritten, and nothing else', (_what, temporary, result, write) => {
    leave(at(temporary));
    write();
    expect(lstatSync(at(result)).isFile()).toBe(true);
    expect(readFileSync(precious, 'utf8')).toBe('precious');
    expect(existsSync(at('nowhere'))).toBe(false);
    expect(readdirSync(folder)).not.toContain(temporary);
    expect(readFileSync(at(result), 'utf8')).not.toContain('half of a file');
  });

  it('a folder is prepared for checkpoints', () => {
    const killed = { ...identityOfProcess(process.pid), started: '1' };
    for (const name of ['.writable', 'checkpoint1.safetensors']) leave(at(unfinishedFile(name, killed)));
    leave(at(unfinishedFile('.writable')));
    prepareFolder(folder);
    expect(readdirSync(folder)).toEqual(['source']);
    expect(readFileSync(precious, 'utf8')).toBe('precious');
  });

  it('a part of a dataset is rewritten', () => {
    leave(at('part'));
    const file = new BufferedFile(at('part'));
    file.append(Buffer.from('new'));
    file.close();
    expect(readFileSync(at('part'), 'utf8')).toBe('new');
    expect(readFileSync(precious, 'utf8')).toBe('precious');
  });

  it('an event file is not started there', () => {
    leave(at('events'));
    expect(() => new EventFile(at('events'), 0)).toThrow(expect.objectContaining({ code: 'EEXIST' }));
    expect(readFileSync(precious, 'utf8')).toBe('precious');
  });
});

describe('if a folder has the temporary name', () => {
  it.each(WRITERS)(
    '%s is refused with an error in one line that names it, and the folder stays',
    (_, temporary, result, write) => {
      mkdirSync(at(temporary));
      expect(write).toThrow(UserError);
      expect(write).toThrow(`the folder ${at(temporary)} has the name of a temporary file; remove it`);
      expect(readdirSync(folder)).toContain(temporary);
      expect(readdirSync(folder)).not.toContain(result);
    },
  );

  it('a folder is prepared for checkpoints without it', () => {
    mkdirSync(at('mine.unfinished'));
    prepareFolder(folder);
    expect(readdirSync(folder)).toEqual(['mine.unfinished', 'source']);
  });
});

it('a part is not appended to the target of a link', () => {
  symlinkSync(precious, at('part'));
  expect(() => new BufferedFile(at('part'), 'end')).toThrow(expect.objectContaining({ code: 'ELOOP' }));
});

it('a new file has the permissions that the umask leaves', () => {
  const umask = process.umask();
  for (const open of [openNewFile, openTemporaryFile]) {
    const file = open(at(open.name));
    writeSync(file, 'text');
    closeSync(file);
    expect(lstatSync(at(open.name)).mode & 0o777).toBe(0o666 & ~umask);
  }
});
