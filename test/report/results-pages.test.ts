import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { runMain } from '../helpers/run-main.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = temporaryFolder();

/** The page of a sweep in bench/results, as scripts/write-results.sh writes it. */
const pageOf = (name: string): string => (name === 'multi30k' ? 'results.md' : join('results', `${name}.md`));

/** The figures of a page, by file name. */
function figuresOf(page: string): Record<string, string> {
  const figures = page.replace(/\.md$/u, '');
  if (!existsSync(figures)) return {};
  const names = readdirSync(figures).filter((name) => name.endsWith('.svg'));
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(figures, name), 'utf8')]));
}

/** The sweeps in bench/results, which are folders; its files are the results of benchmarks. */
const sweeps = readdirSync(join(root, 'bench/results'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

it.each(sweeps)('the page of %s is what report writes', async (name) => {
  const [written, committed] = [join(folder, pageOf(name)), join(root, 'docs', pageOf(name))];
  const claims = ['--claims', join(root, 'examples/claims.yaml')];
  const { code, stderr } = await runMain('report', join(root, 'bench/results', name), ...claims, '--markdown', written);
  expect(code, stderr).toBe(0);
  expect(readFileSync(committed, 'utf8')).toBe(readFileSync(written, 'utf8'));
  expect(figuresOf(committed)).toEqual(figuresOf(written));
});
