import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCommandLine } from '../helpers/command-line.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { writeFakeSweep } from '../report/fake-sweep.js';

const root = temporaryFolder();
const sweep = join(root, 'sweep');
writeFakeSweep(sweep, {
  criterions: { ce: 0.22, el: 0.18 },
  sentences: 20,
  title: 'A small sweep',
  compare: [{ axis: 'criterion', values: ['el', 'ce'] }],
});

describe('ts-fairseq report', () => {
  it('writes HTML and Markdown with its figures, in folders that it makes', async () => {
    const html = join(root, 'new/report.html');
    const markdown = join(root, 'docs/results.md');
    const outcome = await runCommandLine(['report', sweep, '--output', html, '--markdown', markdown]);
    expect(outcome).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(readFileSync(html, 'utf8')).toMatch(/^<!doctype html>\n[\s\S]*<h1>A small sweep<\/h1>[\s\S]*<\/html>\n$/);
    const text = readFileSync(markdown, 'utf8');
    expect(text).toMatch(/^# A small sweep\n/);
    const links = [...text.matchAll(/\]\(results\/(.*?)\)/g)].map(([, name]) => name);
    expect(links.sort()).toEqual(readdirSync(join(root, 'docs/results')).sort());
    expect(links).toContain('curves.svg');
  });

  it('links to a folder of figures with any name', async () => {
    const outcome = await runCommandLine(['report', sweep, '--markdown', join(root, 'my results (1).md')]);
    expect(outcome.code).toBe(0);
    const text = readFileSync(join(root, 'my results (1).md'), 'utf8');
    expect(text).toContain('](my%20results%20%281%29/curves.svg)');
    expect(existsSync(join(root, 'my results (1)/curves.svg'))).toBe(true);
  });

  it('reports runs without their sweep', async () => {
    const html = join(root, 'runs.html');
    const runs = ['ce,seed=1', 'el,seed=1'].map((name) => join(sweep, name));
    expect((await runCommandLine(['report', ...runs, '--output', html])).code).toBe(0);
    expect(readFileSync(html, 'utf8')).toContain('there is no test of significance');
  });

  it.each([
    ['a missing folder', ['nowhere', '--output', 'x.html'], 'nowhere does not exist; give the folder of a sweep'],
    ['no file to write', [sweep], '--output is missing; name the HTML file to write, or --markdown FILE'],
    ['Markdown without .md', [sweep, '--markdown', 'results'], '--markdown results does not end in .md'],
    [
      'one file for both',
      [sweep, '--output', 'a.md', '--markdown', './a.md'],
      'both name a.md; name two different files',
    ],
    ['no path', ['--output', 'x.html'], "missing required argument 'path'"],
  ])('refuses %s in one line', async (_, argv, message) => {
    const { code, stderr } = await runCommandLine(['report', ...argv]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('refuses a damaged result, and leaves the report before it as it is', async () => {
    const html = join(root, 'kept.html');
    writeFileSync(html, 'before');
    const damaged = join(root, 'damaged');
    writeFakeSweep(damaged, { criterions: { ce: 0.2 }, seeds: 1, sentences: 5 });
    writeFileSync(join(damaged, 'ce,seed=1/result.json'), '{"values"');
    const { code, stderr } = await runCommandLine(['report', damaged, '--output', html]);
    expect(code).toBe(2);
    expect(stderr).toContain('ce,seed=1/result.json is damaged (not valid JSON); delete it and repeat the sweep');
    expect(readFileSync(html, 'utf8')).toBe('before');
    expect(existsSync(join(root, 'nowhere'))).toBe(false);
  });
});
