import type { FastifyInstance } from 'fastify';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createServer, type ServerOptions } from '../../src/server/create-server.js';
import { chromiumPath } from '../helpers/chromium.js';
import { FakeTranslator } from './fake-translator.js';

describe.skipIf(chromiumPath === undefined)("the page in Chromium (skipped without Debian's package chromium)", () => {
  let browser: Browser;
  const servers: FastifyInstance[] = [];
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: chromiumPath!, args: ['--no-sandbox'] });
  });
  afterAll(() => browser?.close());
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    for (const server of servers.splice(0)) await server.close();
  });

  /** Opens the page of a server, and notes what it asks for and complains about. */
  async function open(
    options: Partial<ServerOptions> = {},
    context: BrowserContextOptions = {},
  ): Promise<{ page: Page; address: string; requests: string[]; complaints: string[] }> {
    const server = await createServer({
      models: [
        { name: 'one', translator: new FakeTranslator() },
        { name: 'two', translator: new FakeTranslator({ source: 'fr', target: 'en' }) },
      ],
      limits: { requestCharacters: 1000, queueCharacters: 2000, seconds: 5 },
      token: null,
      corsOrigin: null,
      version: 'test',
      ...options,
    });
    servers.push(server);
    const address = await server.listen({ host: '127.0.0.1', port: 0 });
    const page = await (await browser.newContext(context)).newPage();
    const [requests, complaints]: [string[], string[]] = [[], []];
    page.on('request', (request) => requests.push(request.url()));
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(address);
    return { page, address, requests, complaints };
  }

  const translation = (page: Page): Promise<string | null> => page.locator('#target').textContent();
  const waitForTranslation = (page: Page, text: string): Promise<void> =>
    expect.poll(() => translation(page), { timeout: 10_000 }).toBe(text);

  it('translates what is typed, keeps its white space, and talks to its own server only', async () => {
    const { page, address, requests, complaints } = await open();
    await page.locator('#source').fill('  hallo\n\nwelt ');
    await waitForTranslation(page, '  HALLO\n\nWELT ');
    expect(requests.filter((url) => !url.startsWith(address))).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('shows other translations and tokens of a sentence, with the keyboard alone', async () => {
    const { page } = await open();
    await page.locator('#source:focus').waitFor();
    await page.keyboard.type('hallo');
    await page.keyboard.press('Control+Enter');
    await waitForTranslation(page, 'HALLO');
    await page.locator('#target button').focus();
    await page.keyboard.press('Enter');
    expect(await page.locator('#nbest li').allTextContents()).toEqual(['HALLO 0.00', 'HALLO 2 -1.00', 'HALLO 3 -2.00']);
    expect(await page.locator('#tokens span').allTextContents()).toEqual(['HALLO', '</s>']);
    expect(await page.locator('#target button').getAttribute('aria-expanded')).toBe('true');
    await page.keyboard.press('Escape');
    expect(await page.evaluate('document.activeElement.id')).toBe('source');
  });

  it('offers the models, and translates with the one that is chosen', async () => {
    const { page, requests } = await open();
    expect(await page.locator('#model option').allTextContents()).toEqual([
      'German → English  (one)',
      'French → English  (two)',
    ]);
    await page.locator('#source').fill('bonjour');
    await page.locator('#model').selectOption('two');
    await waitForTranslation(page, 'BONJOUR');
    expect(requests.filter((url) => url.endsWith('/translate'))).not.toEqual([]);
  });

  it('names languages by their codes if there is no better name, and works', async () => {
    const languages = [
      { source: 'de_AT', target: 'en' },
      { source: 'x y', target: 'tgt_1' },
    ];
    const models = languages.map((pair, index) => ({ name: `${index}`, translator: new FakeTranslator(pair) }));
    const { page, complaints } = await open({ models });
    await page.locator('#model option').nth(1).waitFor({ state: 'attached' });
    expect(await page.locator('#model option').allTextContents()).toEqual([
      'Austrian German → English  (0)',
      'x y → tgt_1  (1)',
    ]);
    await page.locator('#source').fill('hallo');
    await waitForTranslation(page, 'HALLO');
    expect(complaints).toEqual([]);
  });

  it('sends a token that is not ASCII', async () => {
    const { page } = await open({ token: 'ключ' });
    await page.locator('#source').fill('a');
    await page.locator('#login').waitFor();
    await page.locator('#token').fill('ключ');
    await page.keyboard.press('Enter');
    await waitForTranslation(page, 'A');
  });

  it('shows why a text is refused, and asks for the token', async () => {
    const { page } = await open({ token: 'secret' });
    await page.locator('#source').fill('a');
    await page.locator('#login').waitFor();
    expect(await page.locator('#status').textContent()).toContain('the token is missing or wrong');
    await page.locator('#token').fill('secret');
    await page.keyboard.press('Enter');
    await waitForTranslation(page, 'A');
    expect(await page.locator('#login').isHidden()).toBe(true);
    await page.locator('#source').fill('a'.repeat(1001));
    await expect.poll(() => page.locator('#status').textContent()).toContain('more than 1000');
  });

  it('fits a phone', async () => {
    const { page } = await open({}, { viewport: { width: 360, height: 640 } });
    await page.locator('#source').fill('a'.repeat(300));
    await waitForTranslation(page, 'A'.repeat(300));
    const width = await page.evaluate('document.documentElement.scrollWidth');
    expect(width).toBeLessThanOrEqual(360);
    expect(await translation(page)).toHaveLength(300);
  });
});
