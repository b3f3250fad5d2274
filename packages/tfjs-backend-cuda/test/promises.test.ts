import { describe, expect, test } from 'vitest';
import { brokenPromises, needsDisassembly } from '../scripts/promises.js';

const log = (spilled: number): string =>
  ['a', 'b']
    .map(
      (name) =>
        `ptxas info    : Compiling entry function '${name}' for 'sm_80'\n` +
        `ptxas info    : Function properties for ${name}\n` +
        `    0 bytes stack frame, ${name === 'b' ? spilled : 0} bytes spill stores, 0 bytes spill loads\n` +
        'ptxas info    : Used 40 registers, used 1 barriers\n',
    )
    .join('');

/** As nvdisasm prints two kernels. */
const disassembly = (a: readonly string[], b: readonly string[]): string =>
  [
    ['a', a],
    ['b', b],
  ]
    .map(
      ([name, code]) =>
        `\t.section\t.text.${name},"ax",@progbits\n\t.align\t128\n.text.${name}:\n` +
        (code as readonly string[]).map((line) => `        /*0000*/                   ${line} ;\n`).join('') +
        `.L_x_${name}:\n\t.section\t.nv.shared.${name},"aw",@nobits\n\t.zero 1024\n`,
    )
    .join('');

const PRODUCT = 'HMMA.16816.F32.BF16 R32, R64.reuse, R60, R32';
const LOAD = 'LDSM.16.M88.4 R4, [R2]';
const COPY = '@P0 LDGSTS.E.BYPASS.128 [R11], [R2.64]';
const OTHER = 'IMAD.MOV.U32 R1, RZ, RZ, c[0x0][0x28]';
const ALL = '// A product.\n// no spills\n// tensor cores\n// asynchronous copies\n';

describe('a promise of a kernel’s file', () => {
  test.each<[string, string, readonly string[], readonly string[], number, readonly string[]]>([
    ['is kept', ALL, [PRODUCT, LOAD, COPY], [COPY, OTHER, LOAD, PRODUCT], 0, []],
    ['breaks if a kernel spills', ALL, [PRODUCT, LOAD, COPY], [PRODUCT, LOAD, COPY], 8, ['b spills']],
    [
      'breaks if one kernel lacks an instruction',
      ALL,
      [PRODUCT, LOAD, COPY],
      [OTHER, COPY],
      0,
      ['b lacks a matrix product of tensor cores (HMMA)', 'b lacks a load of matrices for tensor cores (LDSM)'],
    ],
    [
      'does not count what another kernel does',
      '// asynchronous copies',
      [OTHER],
      [COPY],
      0,
      ['a lacks an asynchronous copy to shared memory (LDGSTS)'],
    ],
    ['excepts a kernel that it names', '// asynchronous copies, except in a', [OTHER], [COPY], 0, []],
    ['is a line of its own', '// the tensor cores\n// no spills here\n', [OTHER], [OTHER], 8, []],
  ])('%s', (_, source, a, b, spilled, problems) => {
    expect(brokenPromises(source, log(spilled), disassembly(a, b))).toEqual(problems);
  });

  test('of instructions alone needs the disassembled code', () => {
    expect(needsDisassembly(ALL)).toBe(true);
    expect(needsDisassembly('// no spills\n')).toBe(false);
  });
});
