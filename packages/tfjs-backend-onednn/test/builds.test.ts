import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const BUILDS = ['baseline', 'v3', 'v4'];
const baseline = fileURLToPath(new URL('../build/Release/onednn_baseline.node', import.meta.url));

/** The build that is chosen with this limit for oneDNN. */
const bestBuild = (isa: string): string =>
  execFileSync(process.execPath, ['-p', 'require(process.argv[1]).bestBuild()', baseline], {
    env: { ...process.env, ONEDNN_MAX_CPU_ISA: isa },
    encoding: 'utf8',
  }).trim();

it.each([
  { isa: 'SSE41', build: 'baseline' },
  { isa: 'AVX2', build: 'v3' },
  { isa: 'AVX512_CORE', build: 'v4' },
])('no better build than $build is chosen if ONEDNN_MAX_CPU_ISA is $isa', ({ isa, build }) => {
  const most = Math.min(BUILDS.indexOf(bestBuild('ALL')), BUILDS.indexOf(build));
  expect(bestBuild(isa)).toBe(BUILDS[most]);
});

it('the reason for an unavailable add-on says how to build it', () => {
  const dist = new URL('../dist/index.js', import.meta.url).href;
  const code = `import(${JSON.stringify(dist)}).then(({ isAvailable }) => console.log(isAvailable().reason))`;
  const reason = execFileSync(process.execPath, ['-e', code], {
    env: { ...process.env, TFJS_ONEDNN_FOLDER: 'none', TFJS_ONEDNN_BUILD: 'baseline' },
    encoding: 'utf8',
  });
  const script = fileURLToPath(new URL('../scripts/build.js', import.meta.url));
  expect(reason).toBe(`the native add-on is not built (onednn_baseline.node is missing): node ${script} builds it\n`);
});
