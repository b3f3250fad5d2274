/**
 * Removes what earlier compilations made of sources that no longer exist, so that npm does not pack it. Part of `npm pack`.
 *   node scripts/remove-stale-output.js
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Folders of compiled files, with the folders of their sources. */
const FOLDERS = [
  ...['src', 'criterions', 'models'].map((name) => [join('dist', name), name]),
  ...readdirSync(join(root, 'packages'))
    .filter((name) => existsSync(join(root, 'packages', name, 'tsconfig.json')) && name !== 'translate')
    .map((name) => [join('packages', name, 'dist'), join('packages', name, 'src')]),
];

for (const [output, source] of FOLDERS) {
  if (!existsSync(join(root, output))) continue;
  for (const file of readdirSync(join(root, output), { recursive: true })) {
    const module = /^(.*)\.(?:js|js\.map|d\.ts)$/.exec(file)?.[1];
    if (module !== undefined && !existsSync(join(root, source, `${module}.ts`))) rmSync(join(root, output, file));
  }
}
