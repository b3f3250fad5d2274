import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const root = join(import.meta.dirname, '..', '..');
const folder = temporaryFolder();

/** What a build of a package that is not built says where the compiler prints `text` and ends as `ending` says. */
function outputOf(name: string, text: string, ending: string): string {
  for (const part of ['cc', 'scripts', 'binding.gyp', 'package.json']) {
    cpSync(join(root, 'packages', name, part), join(folder, name, part), { recursive: true });
  }
  const compiler = join(folder, 'compiler');
  writeFileSync(compiler, `#!/bin/sh\n[ "$1" = --version ] && exit 0\ncat >/dev/null\necho "${text}" >&2\n${ending}\n`);
  chmodSync(compiler, 0o755);
  const script = join(folder, name, 'scripts', 'build.js');
  const { stdout } = spawnSync(process.execPath, [script, '--check'], {
    encoding: 'utf8',
    env: { ...process.env, CXX: compiler, MPICC: 'true' },
  });
  return stdout.trimEnd().replaceAll(compiler, 'c++');
}

describe.each([
  { name: 'tfjs-backend-onednn', header: 'dnnl.hpp', library: 'dnnl', missing: 'no oneDNN that c++ finds' },
  {
    name: 'sentencepiece-native',
    header: 'sentencepiece_trainer.h',
    library: 'sentencepiece',
    missing: 'no SentencePiece library that c++ finds',
  },
  { name: 'mpi-native', header: 'mpi.h', library: 'mpi', missing: 'no Open MPI that c++ finds' },
])('the build of $name', ({ name, header, library, missing }) => {
  test.each([
    {
      title: 'a header that is missing',
      text: `<stdin>:1:10: fatal error: ${header}: No such file or directory`,
      says: `): fatal error: ${header}: No such file or directory (c++ -x c++ -std=c++17 `,
      what: missing,
    },
    {
      title: 'a library that is missing',
      text: `/usr/bin/ld: cannot find -l${library}: No such file or directory`,
      says: `): /usr/bin/ld: cannot find -l${library}: No such file or directory (c++ `,
      what: missing,
    },
    {
      title: 'a flag that the compiler does not know',
      text: "note: a remark\nc++: error: unrecognized command-line option '-fopenmp'",
      says: ": c++: error: unrecognized command-line option '-fopenmp' (c++ ",
      what: 'c++ does not build a program with ',
    },
  ])('says $title and the command', ({ text, says, what }) => {
    const output = outputOf(name, text, 'exit 1');
    expect(output).toContain(what);
    expect(output).toContain(says);
    expect(output.split('\n')).toHaveLength(1);
  });

  test('reports that the compiler was stopped', () => {
    expect(outputOf(name, '', 'kill -9 $$')).toContain(': it was stopped by SIGKILL (c++ ');
  });
});
