import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly bundleDependencies: readonly string[];
  readonly scripts: Readonly<Record<string, string>>;
}

const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(new URL(`../${folder}/package.json`, import.meta.url), 'utf8')) as Manifest;

it.each([
  '.',
  'packages/mpi-native',
  'packages/sacrebleu-ts',
  'packages/sentencepiece-native',
  'packages/tfjs-backend-onednn',
])('npm pack compiles %s first: it is never packed without its code', (folder) => {
  expect(manifestOf(folder).scripts.prepack).toMatch(/^tsc -b && /u);
});

describe('the package that npm pack makes', () => {
  const { bundleDependencies, dependencies, devDependencies } = manifestOf('.');

  it.each(['mpi-native', 'sacrebleu-ts', 'sentencepiece-native', 'tfjs-backend-onednn'])(
    'carries %s, which no registry has, in the version that it asks for',
    (name) => {
      expect(bundleDependencies).toContain(name);
      expect(dependencies[name]).toBe(manifestOf(`packages/${name}`).version);
    },
  );

  it('does not install the TypeScript compiler, which only a clone needs', () => {
    expect(dependencies).not.toHaveProperty('typescript');
    expect(devDependencies).toHaveProperty('typescript');
  });
});
