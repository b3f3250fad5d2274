import { readFileSync } from 'node:fs';
import { parseHTML } from 'linkedom';
import { expect, it } from 'vitest';

const web = new URL('../../web/', import.meta.url);
const [html, script] = ['index.html', 'app.js'].map((file) => readFileSync(new URL(file, web), 'utf8')) as [
  string,
  string,
];

/** Stands for the element of a model's name, which linkedom does not construct. */
class Option {
  constructor(
    readonly text: string,
    readonly value: string,
  ) {}
}

interface Answer {
  readonly status: number;
  readonly body: object;
}

/** Runs the script of the page, without a browser. @returns what it shows, and the headers that it sends */
async function run(health: Answer, token: string | null = null) {
  const { document } = parseHTML(html);
  const models: Option[] = [];
  const select = document.getElementById('model')!;
  select.replaceChildren = (...options: unknown[]) => models.push(...(options as Option[]));
  const sent: Record<string, string>[] = [];
  const fetch = async (_path: string, { headers }: { readonly headers: Record<string, string> }) => {
    new Headers(headers); // throws what fetch throws
    sent.push(headers);
    return { ok: health.status === 200, status: health.status, json: async () => health.body };
  };
  for (const element of document.querySelectorAll('*')) Object.assign(element, { focus() {} });
  const globals = { document, fetch, Option, sessionStorage: { getItem: () => token } };
  const run = new Function(...Object.keys(globals), `return (async () => {${script}\n})()`) as (
    ...values: unknown[]
  ) => Promise<void>;
  await run(...Object.values(globals));
  return {
    models: models.map(({ text, value }) => [value, text]),
    status: document.getElementById('status')!.textContent,
    sent,
  };
}

it.each([
  ['de', 'en', 'German → English  (m)'],
  ['de_AT', 'en', 'Austrian German → English  (m)'],
  ['x y', 'tgt_1', 'x y → tgt_1  (m)'],
])('names the languages %j and %j, or shows their codes', async (source, target, text) => {
  const { models } = await run({ status: 200, body: { models: [{ name: 'm', source, target }] } });
  expect(models).toEqual([['m', text]]);
});

it('shows why the server cannot translate', async () => {
  const { status } = await run({ status: 503, body: { error: 'the thread has ended' } });
  expect(status).toBe('the thread has ended');
});

it('sends a token as UTF-8', async () => {
  const { sent } = await run({ status: 200, body: { models: [] } }, 'ключ');
  expect(sent[0]!.authorization).toBe(`Bearer ${Buffer.from('ключ').toString('latin1')}`);
});
