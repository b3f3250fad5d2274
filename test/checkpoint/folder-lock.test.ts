import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FolderLock } from '../../src/checkpoint/folder-lock.js';
import { identityOfProcess, isRunning, type ProcessIdentity } from '../../src/checkpoint/process-identity.js';
import { UserError } from '../../src/errors.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const root = temporaryFolder();
const LOCK = '.training.lock';
const isLinux = process.platform === 'linux';
const sleep = (milliseconds: number): unknown =>
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

let folders = 0;
const newFolder = (): string => join(root, `folder${++folders}`);

/** Leaves a lock like that of a process that has ended or runs elsewhere. @param age seconds since its heartbeat */
function leaveLock(folder: string, text: string, age: number): void {
  new FolderLock(folder).release();
  const path = join(folder, LOCK);
  writeFileSync(path, text);
  const then = Date.now() / 1000 - age;
  utimesSync(path, then, then);
}

/** The lock of this process, with some fields changed. */
const lockText = (fields: Partial<ProcessIdentity>): string =>
  JSON.stringify({ ...identityOfProcess(process.pid), token: 'other', ...fields });

async function endedProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  return child.pid!;
}

const dead = await endedProcess();

describe('the lock of a folder', () => {
  it('refuses a second run, naming the process and host of the first, until the first releases it', () => {
    const folder = newFolder();
    const first = new FolderLock(folder);
    const second = (): FolderLock => new FolderLock(folder);
    expect(second).toThrow(UserError);
    expect(second).toThrow(`another run is writing to ${folder} (process ${process.pid} on host ${hostname()});`);
    expect(readdirSync(folder)).toEqual([LOCK]);
    first.release();
    second().release();
    expect(readdirSync(folder)).toEqual([]);
  });

  const alive = { process: process.pid };
  const elsewhere = { process: dead, host: 'elsewhere', boot: 'other', machine: 'other' };

  it.each([
    { lock: 'of a process that has ended', fields: { process: dead }, age: 0, stale: isLinux },
    { lock: 'of another process that had the same id', fields: { ...alive, started: '1' }, age: 0, stale: isLinux },
    { lock: 'of another boot of this host', fields: { ...alive, boot: 'before' }, age: 0, stale: isLinux },
    { lock: 'of a process that runs here, stopped for an hour', fields: alive, age: 3600, stale: !isLinux },
    { lock: 'of an ended process, no machine id', fields: { process: dead, machine: null }, age: 0, stale: isLinux },
    { lock: 'of another host', fields: elsewhere, age: 50, stale: false },
    { lock: 'of another host, silent for a minute', fields: elsewhere, age: 70, stale: true },
    { lock: 'of another host of the same name', fields: { machine: 'other', boot: 'other' }, age: 50, stale: false },
    { lock: 'of another boot, no machine id', fields: { machine: null, boot: 'other' }, age: 50, stale: false },
    { lock: 'of another container', fields: { process: dead, namespace: 'pid:[1]' }, age: 50, stale: false },
    { lock: 'of another container, silent for a minute', fields: { namespace: 'pid:[1]' }, age: 70, stale: true },
    { lock: 'of a system that tells no boot', fields: { boot: null }, age: 50, stale: false },
  ])('$lock is stale: $stale', ({ fields, age, stale }) => {
    const folder = newFolder();
    leaveLock(folder, lockText(fields), age);
    const take = (): void => new FolderLock(folder).release();
    if (stale) expect(take).not.toThrow();
    else expect(take).toThrow(/another run is writing to/);
    expect(readdirSync(folder)).toEqual(stale ? [] : [LOCK]);
  });

  it.each(['', '{"host":', '{"host": 1}'])('that is damaged is judged by its age: %j', (text) => {
    const folder = newFolder();
    leaveLock(folder, text, 50);
    expect(() => new FolderLock(folder)).toThrow(/another run is writing to \S+; .*try again in \d+ s$/);
    leaveLock(newFolder(), text, 70);
    rmSync(join(folder, LOCK));
    leaveLock(folder, text, 70);
    new FolderLock(folder).release();
  });

  it('is renewed while the main thread computes', async () => {
    const folder = newFolder();
    const lock = new FolderLock(folder, 20);
    const changed = (): number => statSync(join(folder, LOCK)).mtimeMs;
    const before = changed();
    for (let waited = 0; changed() === before && waited < 20_000; waited += 50) sleep(50);
    expect(changed()).toBeGreaterThan(before);
    expect(() => new FolderLock(folder)).toThrow(/another run/);
    lock.release();
  });

  it('stops the first run at its next save if another run has taken it', () => {
    const folder = newFolder();
    const first = new FolderLock(folder);
    first.keep();
    writeFileSync(join(folder, LOCK), lockText({ host: 'elsewhere', boot: 'other', process: 7 }));
    expect(() => first.keep()).toThrow('another run is writing to');
    expect(() => first.keep()).toThrow('(process 7 on host elsewhere)');
    first.release();
    expect(existsSync(join(folder, LOCK))).toBe(true);
  });

  it('is taken again if the folder was removed', () => {
    const folder = newFolder();
    const lock = new FolderLock(folder);
    rmSync(folder, { recursive: true });
    lock.keep();
    expect(() => new FolderLock(folder)).toThrow(/another run/);
    lock.release();
  });

  it('removes the folders that were created for it if they are empty', () => {
    const [outer, inner] = [newFolder(), 'inner'];
    new FolderLock(join(outer, inner)).release({ removeFolders: true });
    expect(existsSync(outer)).toBe(false);
    const lock = new FolderLock(join(outer, inner));
    writeFileSync(join(outer, 'mine'), '');
    lock.release({ removeFolders: true });
    expect(readdirSync(outer)).toEqual(['mine']);
  });
});

describe.runIf(isLinux)('whether a process runs', () => {
  it('is known for this process and for a child that is a zombie', async () => {
    const here = identityOfProcess(process.pid);
    expect(isRunning(here)).toBe(true);
    expect(here.started).toBe(readFileSync('/proc/self/stat', 'utf8').split(') ')[1]!.split(' ')[19]);
    const child = spawn('sh', ['-c', 'sh -c "exit 0" & exec sleep 30'], { stdio: 'ignore' });
    const children = `/proc/${child.pid}/task/${child.pid}/children`;
    const grandchild = (): number => Number.parseInt(readFileSync(children, 'utf8'), 10);
    for (let waited = 0; !(grandchild() > 0) && waited < 5000; waited += 10) sleep(10);
    const zombie = grandchild();
    const stat = (): string => readFileSync(`/proc/${zombie}/stat`, 'utf8');
    for (let waited = 0; !stat().includes(') Z ') && waited < 5000; waited += 10) sleep(10);
    expect(stat()).toContain(') Z ');
    expect(isRunning(identityOfProcess(zombie))).toBe(false);
    child.kill();
    await once(child, 'exit');
  });
});
