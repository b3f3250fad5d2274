import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openSafetensors, readSafetensors, writeSafetensors } from '../../src/checkpoint/safetensors.js';
import type { NamedTensor } from '../../src/checkpoint/safetensors-header.js';
import { UserError } from '../../src/errors.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { vector } from './sample.js';

const folder = temporaryFolder();
const path = join(folder, 'file.safetensors');
const golden = fileURLToPath(new URL('../golden/checkpoint/python.safetensors', import.meta.url));

/** Writes a file with a header and N bytes of tensors. */
function craft(header: unknown, dataBytes: number): string {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(path, Buffer.concat([length, text, Buffer.alloc(dataBytes)]));
  return path;
}

describe('a safetensors file', () => {
  it("from Python's package is read with every type", () => {
    const { tensors, metadata } = readSafetensors(golden);
    expect(metadata).toEqual({ who: 'Größe 猫' });
    expect(Object.fromEntries(tensors)).toEqual({
      weights: { dtype: 'F32', shape: [2, 3], data: Float32Array.of(0, 0.25, 0.5, 0.75, 1, 1.25) },
      double: { dtype: 'F64', shape: [3], data: Float64Array.of(Math.PI, -0, Number.POSITIVE_INFINITY) },
      ids: { dtype: 'I64', shape: [2, 1], data: BigInt64Array.of(-1n, 2n ** 40n) },
      steps: { dtype: 'I32', shape: [], data: Int32Array.of(7) },
      bytes: { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 255) },
      flags: { dtype: 'BOOL', shape: [2], data: Uint8Array.of(1, 0) },
      empty: { dtype: 'F32', shape: [0, 4], data: new Float32Array(0) },
      u16: { dtype: 'U16', shape: [1], data: Uint16Array.of(65535) },
    });
  });

  it('is read back bit for bit', () => {
    const values = fc.float32Array({ maxLength: 20 });
    fc.assert(
      fc.property(fc.dictionary(fc.string(), values), fc.dictionary(fc.string(), fc.string()), (arrays, metadata) => {
        const tensors = new Map<string, NamedTensor>(
          Object.entries(arrays)
            .filter(([name]) => name !== '__metadata__')
            .map(([name, data]) => [name, { dtype: 'F32', shape: [data.length], data }]),
        );
        tensors.set('byte', { dtype: 'U8', shape: [1], data: Uint8Array.of(9) });
        writeSafetensors(path, { tensors, metadata });
        const read = readSafetensors(path);
        expect(read.metadata).toEqual({ ...metadata });
        expect(new Set(read.tensors.keys())).toEqual(new Set(tensors.keys()));
        for (const [name, { data }] of tensors) {
          expect(Buffer.from(read.tensors.get(name)!.data.buffer)).toEqual(
            Buffer.from(data.buffer, data.byteOffset, data.byteLength),
          );
        }
      }),
      { numRuns: 50 },
    );
  });

  it('is written from a view into an arena', () => {
    const arena = Float32Array.of(1, 2, 3, 4);
    writeSafetensors(path, {
      tensors: new Map([['view', { dtype: 'F32', shape: [2], data: arena.subarray(1, 3) }]]),
      metadata: {},
    });
    expect(readSafetensors(path).tensors.get('view')!.data).toEqual(Float32Array.of(2, 3));
  });

  it('starts its tensors at a multiple of 8 bytes, wide types first', () => {
    writeSafetensors(path, {
      tensors: new Map<string, NamedTensor>([
        ['byte', { dtype: 'U8', shape: [1], data: Uint8Array.of(1) }],
        ['long', { dtype: 'I64', shape: [1], data: BigInt64Array.of(1n) }],
      ]),
      metadata: {},
    });
    const bytes = readFileSync(path);
    const length = Number(bytes.readBigUInt64LE());
    expect(length % 8).toBe(0);
    const header = JSON.parse(bytes.subarray(8, 8 + length).toString()) as Record<string, { data_offsets: number[] }>;
    expect(header.long!.data_offsets).toEqual([0, 8]);
    expect(header.byte!.data_offsets).toEqual([8, 9]);
  });

  it('does not read unwanted tensors', () => {
    expect([...readSafetensors(golden, (name) => name === 'ids').tensors.keys()]).toEqual(['ids']);
  });

  it('is read tensor by tensor into existing arrays', () => {
    const { entries, read } = openSafetensors(golden);
    expect(entries.get('weights')).toMatchObject({ dtype: 'F32', shape: [2, 3] });
    const target = new Float32Array(8).fill(9);
    read([{ name: 'weights', target: target.subarray(1, 7) }]);
    expect([...target]).toEqual([9, 0, 0.25, 0.5, 0.75, 1, 1.25, 9]);
  });

  it('is not read further after it was replaced', () => {
    const tensors = new Map([['x', vector(1)]]);
    writeSafetensors(path, { tensors, metadata: {} });
    const { read } = openSafetensors(path);
    const wanted = [{ name: 'x', target: new Float32Array(1) }];
    read(wanted);
    writeSafetensors(path, { tensors: new Map([...tensors, ['y', vector(1, 2)]]), metadata: {} });
    expect(() => read(wanted)).toThrow(/has changed since it was opened; load the model again/);
  });

  it('is refused if it changes while it is read', () => {
    writeSafetensors(path, { tensors: new Map([['x', vector(1)]]), metadata: {} });
    const write = (): boolean => {
      utimesSync(path, new Date(), new Date(1e12));
      return true;
    };
    expect(() => readSafetensors(path, write)).toThrow(/has changed since it was opened; load the model again/);
  });

  it('is not written if a shape does not match its data', () => {
    const wrong: NamedTensor = { dtype: 'F32', shape: [3], data: new Float32Array(2) };
    const write = () => writeSafetensors(join(folder, 'wrong'), { tensors: new Map([['w', wrong]]), metadata: {} });
    expect(write).toThrow('tensor w of shape [3] has 2 values');
    expect(readdirSync(folder)).not.toContain('wrong');
  });
});

const tensor = (dtype: string, shape: unknown, ...offsets: number[]) => ({ dtype, shape, data_offsets: offsets });

describe('a damaged safetensors file', () => {
  it.each([
    ['no JSON', '{"a": ', 0, 'not valid JSON'],
    ['a list', '[1]', 0, 'not a JSON object'],
    ['an unknown type', { a: tensor('F8_E4M3', [1], 0, 1) }, 1, 'has the type F8_E4M3'],
    ['a negative size', { a: tensor('F32', [-1], 0, 4) }, 4, 'has no valid shape'],
    ['one offset', { a: tensor('F32', [1], 0) }, 4, 'has no valid offsets'],
    ['a wrong length', { a: tensor('F32', [2], 0, 4) }, 4, 'has 4 bytes, but [2] F32 requires 8'],
    ['an overlap', { a: tensor('F32', [2], 0, 8), b: tensor('F32', [1], 4, 8) }, 8, 'b in .* overlaps'],
    ['a gap', { a: tensor('F32', [1], 0, 4), b: tensor('F32', [1], 8, 12) }, 12, 'b in .* leaves a gap'],
    ['bytes at the end', { a: tensor('F32', [1], 0, 4) }, 6, 'has 2 bytes after its last tensor'],
    ['too few bytes', { a: tensor('F32', [2], 0, 8) }, 4, 'is cut short: it has 4 of 8 bytes of tensors'],
    ['numbers as metadata', { __metadata__: { a: 1 } }, 0, 'metadata of .* is damaged'],
    ['a bare entry', { a: 3 }, 0, 'a in .* has no valid description'],
  ])('with %s is refused in one line that names the file', (_, header, bytes, message) => {
    craft(header, bytes);
    expect(() => readSafetensors(path)).toThrow(UserError);
    expect(() => readSafetensors(path)).toThrow(new RegExp(message.replaceAll('[', '\\[')));
    expect(() => readSafetensors(path)).toThrow(path);
  });

  it('is refused if it is truncated anywhere', () => {
    writeSafetensors(path, { tensors: new Map([['w', vector(1, 2, 3)]]), metadata: { a: 'b' } });
    const whole = readFileSync(path);
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(path, whole.subarray(0, length));
      expect(() => readSafetensors(path)).toThrow(/is cut short/);
    }
  });
});
