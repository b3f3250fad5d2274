import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const script = fileURLToPath(new URL('../../scripts/quickstart.sh', import.meta.url));

test.each(['--help', '--frsh', '--fresh now'])('quickstart.sh %s names the usage and trains nothing', (given) => {
  // Without a PATH nothing can be set up or trained.
  const { status, stderr } = spawnSync('/bin/bash', [script, ...given.split(' ')], {
    encoding: 'utf8',
    env: { PATH: '' },
  });
  expect(stderr).toContain(`unknown arguments '${given}'; usage: bash scripts/quickstart.sh [--fresh] [--on-wasm]\n`);
  expect(status).toBe(2);
});
