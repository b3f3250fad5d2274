import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadInput } from '../../src/report/load-input.js';
import { renderHtml } from '../../src/report/render-html.js';
import { renderMarkdown } from '../../src/report/render-markdown.js';
import { buildReport } from '../../src/report/report.js';
import { chromiumPath } from '../helpers/chromium.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { writeFakeSweep } from './fake-sweep.js';

describe.skipIf(chromiumPath === undefined)("a report in Chromium (skipped without Debian's package chromium)", () => {
  const root = temporaryFolder();
  const path = join(root, 'report.html');
  const figures = join(root, 'figures');
  let browser: Browser;

  beforeAll(async () => {
    writeFakeSweep(join(root, 'sweep'), {
      criterions: { ce: 0.22, 'ce-ls': 0.2, el: 0.2, 'el-ls': 0.18 },
      directions: ['de-en', 'fr-en'],
      sentences: 40,
      hasAnalyses: true,
      compare: [
        { axis: 'criterion', values: ['el-ls', 'ce-ls'] },
        { axis: 'criterion', values: ['el', 'ce'] },
      ],
    });
    const report = buildReport(loadInput([join(root, 'sweep')]));
    writeFileSync(path, renderHtml(report));
    mkdirSync(figures);
    for (const { name, svg } of renderMarkdown(report, 'figures').figures) writeFileSync(join(figures, name), svg);
    browser = await chromium.launch({ executablePath: chromiumPath!, args: ['--no-sandbox'] });
  });
  afterAll(() => browser?.close());

  /** Opens the report, and notes what it asks for and complains about. */
  async function open(
    options: BrowserContextOptions,
  ): Promise<{ page: Page; requests: string[]; complaints: string[] }> {
    const page = await (await browser.newContext(options)).newPage();
    const requests: string[] = [];
    const complaints: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(pathToFileURL(path).href);
    return { page, requests, complaints };
  }

  it('fetches nothing but itself, and breaks none of its own rules', async () => {
    const { requests, complaints } = await open({ viewport: { width: 1280, height: 800 } });
    expect(requests).toEqual([pathToFileURL(path).href]);
    expect(complaints).toEqual([]);
  });

  it('shows the sentence and the table on the first screen, without scripts', async () => {
    const { page } = await open({ viewport: { width: 1280, height: 720 }, javaScriptEnabled: false });
    for (const selector of ['p.lead', 'table']) {
      const box = (await page.locator(selector).first().boundingBox())!;
      expect(box.y).toBeGreaterThanOrEqual(0);
      expect(box.y + box.height).toBeLessThan(720);
    }
    expect(await page.locator('p.lead').textContent()).toContain('BLEU');
    expect(await page.locator('table').first().locator('tbody tr').count()).toBe(4);
  });

  it.each([390, 768, 1280])('needs no sideways scrolling at a width of %i pixels', async (width) => {
    const { page } = await open({ viewport: { width, height: 800 } });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
  });

  it('draws every figure with its lines', async () => {
    const { page } = await open({ viewport: { width: 1280, height: 800 } });
    const heights = await page.locator('.panel svg').evaluateAll((all) => all.map((one) => one.clientHeight));
    expect(heights.length).toBeGreaterThan(15);
    expect(Math.min(...heights)).toBeGreaterThan(80);
  });

  it('prints', async () => {
    const { page } = await open({ viewport: { width: 1280, height: 800 } });
    const pdf = await page.pdf({ format: 'A4' });
    expect(pdf.toString('latin1').match(/\/Type \/Page\b/g)!.length).toBeGreaterThan(4);
  });

  it('has figures for Markdown that are whole SVG files', async () => {
    const page = await (await browser.newContext()).newPage();
    for (const name of ['curves-de-en.svg', 'differences.svg', 'reliability-fr-en.svg']) {
      await page.goto(pathToFileURL(join(figures, name)).href);
      expect(await page.evaluate('document.documentElement.tagName')).toBe('svg');
      expect(await page.evaluate("document.querySelectorAll('parsererror').length")).toBe(0);
    }
  });
});
