import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadCheckpoint } from '../../../src/checkpoint/checkpoint.js';
import { PythonObject, type TensorReference } from '../../../src/checkpoint/fairseq/python-values.js';
import { withTorchFile } from '../../../src/checkpoint/fairseq/torch-file.js';
import { zipChunks } from '../../../src/checkpoint/fairseq/zip-writer.js';
import { UserError } from '../../../src/errors.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';
import { golden } from './golden.js';

const folder = temporaryFolder();
const path = join(folder, 'x.pt');

/** Writes a file. @returns its path */
function write(bytes: Uint8Array): string {
  writeFileSync(path, bytes);
  return path;
}

/** Writes a torch.save archive with a pickle. @returns its path */
function archive(pickle: string | Uint8Array, others: Record<string, string> = {}): string {
  const bytes = typeof pickle === 'string' ? Buffer.from(pickle, 'latin1') : pickle;
  const entries = Object.entries(others).map(([name, text]) => [`x/${name}`, Buffer.from(text)] as const);
  return write(Buffer.concat([...zipChunks([['x/data.pkl', bytes], ...entries])]));
}

const open = (): unknown => loadCheckpoint(path, { optimizer: true });

/** Opens a file that may be damaged anywhere: returns a checkpoint or a UserError of one line. */
function opensOrSaysSo(): void {
  try {
    open();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    expect(error.message).not.toContain('\n');
  }
}

/** `('storage', torch.FloatStorage, '0', 'cpu', 4)` */
const storage = '(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x04tQ';
const tensorOf = (rest: string): string => `\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(${storage}${rest}tR.`;

describe('a file that is not a checkpoint', () => {
  it.each([
    ['an empty file', () => write(new Uint8Array()), 'is cut short: it has 0 bytes'],
    ['text', () => write(Buffer.from('version https://git-lfs')), 'was not written by torch.save; use a checkpoint'],
    [
      'another archive',
      () => write(Buffer.concat([...zipChunks([['a.txt', Buffer.from('a')]])])),
      'is a zip archive, but was not written by torch.save',
    ],
    [
      'another pickle',
      () => write(Buffer.from('\x80\x02K\x01.', 'latin1')),
      'is a pickle, but was not written by torch.save',
    ],
    ['a tensor alone', () => archive('\x80\x02K\x01.'), 'does not contain a fairseq model'],
    ['a dict without a model', () => archive('\x80\x02}.'), 'does not contain a fairseq model'],
    ['the other byte order', () => archive('\x80\x02}.', { byteorder: 'big' }), 'written on a big-endian machine'],
    ['a newer pickle', () => archive('\x80\x06}.'), 'pickled with protocol 6; save it with protocol 5 or lower'],
    ['an old opcode', () => archive('\x80\x02I1\n.'), 'unknown pickle opcode 0x49 at byte'],
    ['an empty stack', () => archive('\x80\x02.'), 'its pickle pops from an empty stack'],
    ['no mark', () => archive('\x80\x02t.'), 'its pickle has no matching mark'],
    ['nothing to recall', () => archive('\x80\x02h\x05.'), 'its pickle has no object 5'],
    ['a call of a number', () => archive('\x80\x02K\x01)R.'), 'its pickle creates an object without a class'],
    ['attributes of a number', () => archive('\x80\x02K\x01}b.'), 'sets attributes of plain data'],
    ['an item of a number', () => archive('\x80\x02K\x01K\x01K\x02s.'), 'sets an item of something that is not a dict'],
    ['a key alone', () => archive('\x80\x02}(K\x01u.'), 'has a key without a value'],
    ['something appended to a dict', () => archive('\x80\x02}K\x01a.'), 'appends to something that is not a list'],
    ['a text that ends too late', () => archive('\x80\x02X\xff\xff\xff\xffa.'), 'is cut short'],
    ['an integer without end', () => archive('\x80\x02\x8b\xff\xff\xff\x7f.'), 'an integer of 2147483647 bytes'],
    ['a storage of another kind', () => archive('\x80\x02X\x01\0\0\0aQ.'), 'a tensor without a storage'],
    [
      'a type of its own',
      () => archive(tensorOf('K\0').replace('FloatStorage', 'ComplexFloatStorage')),
      'has tensors of the unsupported type torch.Complex',
    ],
    ['no shape', () => archive(tensorOf('K\0N')), 'a tensor without a valid shape'],
    [
      'a negative shape',
      () => archive(tensorOf('K\0J\xff\xff\xff\xff\x85K\x01\x85')),
      'a tensor without a valid shape',
    ],
  ])('is refused in one line: %s', (_, make, message) => {
    make();
    expect(open).toThrow(UserError);
    expect(open).toThrow(message);
  });

  it('is refused if its data exceeds its container', () => {
    const readTensor = (shape: string, data: string) => {
      archive(tensorOf(shape), { 'data/0': data });
      return () => withTorchFile(path, ({ root, read }) => [...read(root as TensorReference).data]);
    };
    const vector = (size: string) => `K\0${size}\x85K\x01\x85`;
    expect(readTensor(vector('K\x04'), '\0'.repeat(16))()).toEqual([0, 0, 0, 0]);
    expect(readTensor(vector('K\x04'), '\0'.repeat(8))).toThrow('is cut short: it has 8 of 16 bytes of a tensor');
    expect(readTensor(vector('K\x05'), '\0'.repeat(16))).toThrow('a tensor [5] has a storage of 4 values');
    expect(readTensor('K\0J\xff\xff\xff\x7f\x85K\0\x85', '\0'.repeat(16))).toThrow('has a storage of 4 values');
    archive(tensorOf(vector('K\x04')));
    expect(() => withTorchFile(path, ({ root, read }) => read(root as TensorReference))).toThrow('it lacks x/data/0');
  });

  it('is refused if a few bytes would expand to more than fits into memory', () => {
    // a = [], then 60 times a = [a, a]: a list with 2^60 leaves.
    const double = (k: number): string => `0](h${chr(k)}h${chr(k)}eq${chr(k + 1)}`;
    const doubled = `]q\0${Array.from({ length: 60 }, (_, k) => double(k)).join('')}`;
    archive(`\x80\x02}(X\x05\0\0\0model}X\x04\0\0\0args}X\x01\0\0\0a${doubled}su.`);
    expect(open).toThrow('its data refers to itself');
    archive('\x80\x02}(X\x05\0\0\0model}X\x04\0\0\0args}q\0X\x01\0\0\0ah\0su.');
    expect(open).toThrow('its data refers to itself');
  });
});

const chr = (code: number): string => String.fromCharCode(code);

describe('a malicious file', () => {
  const marker = join(folder, 'executed');
  const command = `touch ${marker}`;
  const text = (value: string): string => `X${chr(value.length)}\0\0\0${value}`;
  const system = 'cos\nsystem\n';
  const call = `${system}(${text(command)}tR`;

  it('is read without calling what it names', () => {
    archive(`\x80\x02${call}.`);
    withTorchFile(path, ({ root }) => expect(root).toEqual(new PythonObject('os.system', [command])));
    archive(`\x80\x02}(X\x05\0\0\0model}X\x04\0\0\0args${call}u.`);
    open();
    expect(() => readFileSync(marker)).toThrow('ENOENT');
  });

  it.each([
    ['a name of protocol 4', `${text('os')}${text('system')}\x93${text(command)}\x85R`],
    ['a class that is made', `${system}${text(command)}\x85\x81`],
    ['a class that is made with keywords', `${system}${text(command)}\x85}\x92`],
    ['an instance of protocol 0', `(${text(command)}ios\nsystem\n`],
    ['an instance of protocol 1', `(${system}${text(command)}o`],
    ['what restores its own state', `${system})\x81${text(command)}b`],
    ['a number of the registry', `\x82\x01${text(command)}\x85R`],
    ['code of Python', `cbuiltins\neval\n${text('1')}\x85R`],
    ['a function of JavaScript', `cglobalThis\nFunction\n${text('process.exit(1)')}\x85R)R`],
    ['a module of Node', `cchild_process\nexecSync\n${text(command)}\x85R`],
    ['a call inside a tensor', `ctorch._utils\n_rebuild_tensor_v2\n(${call}K\0K\x01\x85K\x01\x85tR`],
    ['an object that is looked up', `${call}Q`],
  ])('is plain data or a UserError if it contains %s', (_, pickled) => {
    archive(`\x80\x04}(X\x05\0\0\0model}X\x04\0\0\0args${pickled}u.`);
    opensOrSaysSo();
    archive(`\x80\x04}X\x05\0\0\0model}X\x06\0\0\0weight${pickled}ss.`);
    opensOrSaysSo();
    expect(() => readFileSync(marker)).toThrow('ENOENT');
  });

  it('does not change prototypes with keys that are special in JavaScript', () => {
    const key = '__proto__';
    archive(`\x80\x02}(X\x05\0\0\0model}X\x04\0\0\0args}X\x09\0\0\0${key}}X\x08\0\0\0pollutedK\x01ssu.`);
    open();
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    archive(`\x80\x02}(X\x05\0\0\0model}X\x04\0\0\0argscbuiltins\n__proto__\n)Ru.`);
    open();
    archive(`\x80\x02cconstructor\nconstructor\n)R.`);
    withTorchFile(path, ({ root }) => expect(root).toBeInstanceOf(PythonObject));
  });
});

describe('a damaged checkpoint', () => {
  const files = ['fairseq-main.pt', 'fairseq-old.pt', 'fairseq-fp16.pt', 'torch-legacy.pt', 'torch-protocol4.pt'];
  const bytes = new Map(files.map((name) => [name, readFileSync(golden(name))]));

  it.each(files)('%s, truncated anywhere, is a UserError', (name) => {
    const whole = bytes.get(name)!;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: whole.length - 1 }), (length) => {
        write(whole.subarray(0, length));
        expect(open).toThrow(UserError);
      }),
      { numRuns: 100 },
    );
  });

  it.each(files)('%s with changed bytes opens or is a UserError', (name) => {
    const whole = bytes.get(name)!;
    // Half of the changes hit the pickle at the start of the file; the rest of the file is tensors.
    const place = fc.oneof(fc.nat(whole.length - 1), fc.nat(Math.min(4000, whole.length - 1)));
    fc.assert(
      fc.property(fc.array(fc.tuple(place, fc.nat(255)), { minLength: 1, maxLength: 4 }), (changes) => {
        const changed = Buffer.from(whole);
        for (const [at, byte] of changes) changed[at] = byte;
        write(changed);
        opensOrSaysSo();
      }),
      { numRuns: 400 },
    );
  });

  it('is also a UserError for random pickles', () => {
    const opcode = fc.constantFrom(...'(012NJKMGXUTCB]lae)t}dsucRbQqrhj.\x88\x89\x8a\x8b\x85\x86\x87\x81\x8c\x93\x94');
    const token = fc.oneof(
      { weight: 3, arbitrary: opcode },
      { weight: 1, arbitrary: fc.constantFrom('\0', '\x01', '\x02', '\n', storage) },
    );
    fc.assert(
      fc.property(fc.array(token, { maxLength: 40 }), (tokens) => {
        archive(`\x80\x02${tokens.join('')}.`, { 'data/0': '\0'.repeat(16) });
        opensOrSaysSo();
      }),
      { numRuns: 1000 },
    );
  });
});

it('a folder with the name of a checkpoint is not a checkpoint', () => {
  mkdirSync(join(folder, 'folder.pt'));
  expect(() => loadCheckpoint(join(folder, 'folder.pt'), { optimizer: false })).toThrow('does not exist');
});
