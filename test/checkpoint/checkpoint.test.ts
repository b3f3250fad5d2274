import { mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { prepareFolder, writeAtomically } from '../../src/checkpoint/atomic-file.js';
import { deleteCheckpoints, loadCheckpoint, loadMetadata, saveCheckpoint } from '../../src/checkpoint/checkpoint.js';
import { checkpointExists, listCheckpoints } from '../../src/checkpoint/checkpoint-path.js';
import { identityOfProcess } from '../../src/checkpoint/process-identity.js';
import { writeSafetensors } from '../../src/checkpoint/safetensors.js';
import { unfinishedFile } from '../../src/checkpoint/unfinished-file.js';
import { UserError } from '../../src/errors.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { sampleCheckpoint, sampleMetadata, vector } from './sample.js';

const root = temporaryFolder();
let folders = 0;
const newFolder = (): string => join(root, `run${++folders}`);

describe('a checkpoint', () => {
  it('is loaded as it was saved, including numbers that JSON does not have', () => {
    const stem = join(newFolder(), 'checkpoint1');
    const checkpoint = sampleCheckpoint(1.5, -0, 3);
    saveCheckpoint(stem, checkpoint);
    expect(loadCheckpoint(stem, { optimizer: true })).toEqual(checkpoint);
    expect(loadCheckpoint(`${stem}.safetensors`, { optimizer: true })).toEqual(checkpoint);
    expect(loadMetadata(stem)).toEqual(sampleMetadata);
  });

  it('is read without optimizer state if it is not requested or not saved', () => {
    const stem = join(newFolder(), 'checkpoint1');
    saveCheckpoint(stem, sampleCheckpoint(1));
    expect(loadCheckpoint(stem, { optimizer: false }).optimizer).toBeNull();
    saveCheckpoint(stem, { ...sampleCheckpoint(1), optimizer: null });
    expect(loadCheckpoint(stem, { optimizer: true }).optimizer).toBeNull();
  });

  it('gets further names that share its bytes, which stay if one name is replaced', () => {
    const folder = newFolder();
    const save = (name: string, value: number, alsoAs: string[]) =>
      saveCheckpoint(join(folder, name), sampleCheckpoint(value), alsoAs);
    save('checkpoint1', 1, ['checkpoint_best', 'checkpoint_last']);
    expect(statSync(join(folder, 'checkpoint_last.safetensors')).nlink).toBe(3);
    save('checkpoint2', 2, ['checkpoint_last']);
    const first = (name: string) =>
      loadCheckpoint(join(folder, name), { optimizer: false }).weights.get('encoder.embed_tokens.weight')!.data[0];
    expect(['checkpoint1', 'checkpoint_best', 'checkpoint2', 'checkpoint_last'].map(first)).toEqual([1, 1, 2, 2]);
    expect(listCheckpoints(folder)).toHaveLength(readdirSync(folder).length);
  });

  it('accepts a name that it already has and leaves no unfinished file', () => {
    const folder = newFolder();
    saveCheckpoint(join(folder, 'checkpoint1'), sampleCheckpoint(1), ['checkpoint_last', 'checkpoint_last']);
    expect(readdirSync(folder)).toEqual(['checkpoint1.safetensors', 'checkpoint_last.safetensors']);
  });

  it('replaces an older one only when it is complete', () => {
    const folder = newFolder();
    const path = join(folder, 'checkpoint_last.safetensors');
    writeAtomically(path, [Buffer.from('old')]);
    const interrupted = function* () {
      yield Buffer.from('ne');
      throw new Error('interrupted');
    };
    expect(() => writeAtomically(path, interrupted())).toThrow('interrupted');
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['checkpoint_last.safetensors']);
  });

  it('is deleted by its name; a missing one is not an error', () => {
    const folder = newFolder();
    saveCheckpoint(join(folder, 'checkpoint1'), sampleCheckpoint(1));
    deleteCheckpoints(folder, ['checkpoint1', 'checkpoint2']);
    expect(readdirSync(folder)).toEqual([]);
    expect(checkpointExists(join(folder, 'checkpoint1'))).toBe(false);
  });
});

describe('a checkpoint that cannot be read', () => {
  const folder = newFolder();
  for (const name of ['checkpoint1', 'checkpoint_best', 'checkpoint_last', 'cut']) {
    saveCheckpoint(join(folder, name), sampleCheckpoint(1));
  }
  truncateSync(join(folder, 'cut.safetensors'), 700);
  writeFileSync(join(folder, 'fairseq.pt'), '');
  writeSafetensors(join(folder, 'plain.safetensors'), { tensors: new Map([['w', vector(1)]]), metadata: {} });
  const metadata = { formatVersion: '2', 'ts-fairseq': '{}' };
  writeSafetensors(join(folder, 'newer.safetensors'), { tensors: new Map(), metadata });
  const damaged = { formatVersion: '1', 'ts-fairseq': '{' };
  writeSafetensors(join(folder, 'damaged.safetensors'), { tensors: new Map(), metadata: damaged });
  for (const [index, text] of ['null', '"x"', '{}', '{"options":{},"languages":{},"dictionaries":null}'].entries()) {
    const metadata = { formatVersion: '1', 'ts-fairseq': text };
    writeSafetensors(join(folder, `form${index}.safetensors`), { tensors: new Map(), metadata });
  }
  mkdirSync(join(root, 'empty'));
  mkdirSync(join(root, 'fairseq'));
  writeFileSync(join(root, 'fairseq/m.pt'), '');

  it.each(['nowhere-at-all', './nowhere-at-all', 'nowhere-at-all.pt'])('says where it looked for %s', (stem) => {
    expect(() => loadMetadata(stem)).toThrow(
      new RegExp(`^the checkpoint ${stem} does not exist; the current folder has no checkpoints`),
    );
  });

  it.each([
    ['a name similar to one', 'checkpoint_bets', "the checkpoint .* does not exist; did you mean 'checkpoint_best'"],
    ['a name like none', 'somethingelseentirely', 'known: checkpoint1, checkpoint_best, checkpoint_last'],
    ['a folder', '.', 'is a folder; choose a checkpoint in it: .*checkpoint1'],
    [
      'an empty folder',
      '../empty',
      '/empty is a folder without checkpoints; name a checkpoint that ts-fairseq train wrote',
    ],
    [
      "a folder of fairseq's checkpoints",
      '../fairseq',
      '/fairseq is a folder; choose a checkpoint in it: .*/fairseq/m.pt',
    ],
    ['a name in an empty folder', '../empty/checkpoint_best', 'has no checkpoints; ts-fairseq train writes them'],
    ['a name in no folder', '../nowhere/checkpoint_best', 'has no checkpoints'],
    ["a file of fairseq's that is empty", 'fairseq.pt', 'fairseq.pt is cut short'],
    ["a missing file of fairseq's", 'farseq.pt', "the checkpoint .* does not exist; did you mean 'fairseq.pt'"],
    ['a file cut short', 'cut', 'cut.safetensors is cut short'],
    ['a file without metadata', 'plain', 'contains tensors, but is not a ts-fairseq checkpoint'],
    ['a newer format', 'newer', 'newer ts-fairseq \\(checkpoint format 2\\); update'],
    ['damaged metadata', 'damaged', 'the metadata of .* is damaged'],
    ['null as metadata', 'form0', 'the metadata of .* is damaged'],
    ['a text as metadata', 'form1', 'the metadata of .* is damaged'],
    ['empty metadata', 'form2', 'the metadata of .* is damaged'],
    ['metadata without dictionaries', 'form3', 'the metadata of .* is damaged'],
  ])('is an error in one line: %s', (_, name, message) => {
    const load = () => loadCheckpoint(join(folder, name), { optimizer: true });
    expect(load).toThrow(UserError);
    expect(load).toThrow(new RegExp(`^${'.*'}${message}`));
  });
});

describe('a folder for checkpoints', () => {
  it('is created, and cleared of the unfinished files of a killed run', () => {
    const folder = join(newFolder(), 'deep', 'er');
    prepareFolder(folder);
    const killed = { ...identityOfProcess(process.pid), started: '1' };
    writeFileSync(unfinishedFile(join(folder, 'checkpoint3.safetensors'), killed), 'half');
    writeFileSync(join(folder, 'train.log'), '');
    prepareFolder(folder);
    expect(readdirSync(folder)).toEqual(['train.log']);
  });

  it('that cannot be written to is refused before training', () => {
    writeFileSync(join(root, 'file'), '');
    for (const path of [join(root, 'file'), join(root, 'file', 'inside')]) {
      expect(() => prepareFolder(path)).toThrow(UserError);
      expect(() => prepareFolder(path)).toThrow(`cannot write ${path}: its folder is a file`);
    }
    expect(() => saveCheckpoint(join(root, 'file', 'checkpoint1'), sampleCheckpoint(1))).toThrow(UserError);
  });
});
