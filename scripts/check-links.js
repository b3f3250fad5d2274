/**
 * Checks that every link in the Markdown files to a file of the repository is valid: the file and the heading after `#` exist.
 *   node scripts/check-links.js
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const list = ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'];
const files = execFileSync('git', list, { cwd: root, encoding: 'utf8' }).trim().split('\n');

/** Markdown without code blocks and without brackets in inline code. */
const proseOf = (file) =>
  readFileSync(join(root, file), 'utf8')
    .replace(/^```[\s\S]*?^```/gm, '')
    .replace(/`[^`\n]*`/g, (code) => code.replace(/[[\]()]/g, ' '));

/** The anchors that GitHub makes for headings. */
const anchorsOf = (file) =>
  [...proseOf(file).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-'),
  );

const problems = [];
for (const file of files.filter((name) => existsSync(join(root, name)))) {
  for (const [, target] of proseOf(file).matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    const [path, anchor] = target.split('#');
    const linked = path === '' ? file : relative(root, join(root, dirname(file), path));
    if (!existsSync(join(root, linked))) problems.push(`${file}: ${target} does not exist`);
    else if (anchor && !anchorsOf(linked).includes(anchor))
      problems.push(`${file}: ${linked} has no heading #${anchor}`);
  }
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
