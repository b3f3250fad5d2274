import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { runCommandLine } from '../helpers/command-line.js';
import { saveReferenceCheckpoint } from '../helpers/reference-checkpoint.js';
import { goldenData } from '../helpers/reference-model.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { goldenPath } from '../text/golden.js';

const folder = temporaryFolder();
const model = join(folder, 'messages');
const program = new URL('../../bin/ts-fairseq.js', import.meta.url).pathname;
const children: ChildProcess[] = [];

beforeAll(async () => {
  const path = saveReferenceCheckpoint(join(folder, 'trained'), 'trained');
  const argv = ['export', '--path', path, '--data', goldenData, '--to', model, '--beam', '2', '--max-len-b', '8'];
  expect(await runCommandLine([...argv, '--tokenizer', 'moses', '--bpe-codes', goldenPath('bpe/codes')])).toMatchObject(
    { code: 0 },
  );
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** Starts a server. @returns its address, its output so far, and its process */
async function serve(
  argv: readonly string[] = [],
  environment: NodeJS.ProcessEnv = {},
): Promise<{ address: string; output: () => string; child: ChildProcess }> {
  const env = { ...process.env, ...environment };
  const child = spawn(process.execPath, [program, 'serve', model, '--port', '0', ...argv], { env });
  children.push(child);
  let [output, log] = ['', ''];
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  child.stderr.on('data', (data: Buffer) => (log += data.toString()));
  while (!/ at (http\S+)/u.test(log)) {
    if (child.exitCode !== null) throw new Error(log);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { address: / at (http\S+)/u.exec(log)![1]!, output: () => output, child };
}

const translate = (address: string, body: object, signal?: AbortSignal): Promise<Response> =>
  fetch(`${address}/translate`, {
    method: 'POST',
    ...(signal && { signal }),
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });

it('translates as translate does, logs without texts, and ends on SIGTERM', async () => {
  const { address, output, child } = await serve();
  const text = 'der typ. unerwartetes token!';
  const { translations } = (await (await translate(address, { text, nbest: 2 })).json()) as {
    translations: { text: string; sentences: { nbest: unknown[] }[] }[];
  };
  await runCommandLine(['translate', model, '--output', join(folder, 'out'), text]);
  expect(`${translations[0]!.text}\n`).toBe(readFileSync(join(folder, 'out'), 'utf8'));
  expect(translations[0]!.sentences[0]!.nbest).toHaveLength(2);
  child.kill('SIGTERM');
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  expect(signal).toBe('SIGTERM');
  const line = JSON.parse(output().trim()) as Record<string, unknown>;
  expect(line).toMatchObject({ method: 'POST', path: '/translate', status: 200, characters: text.length });
  expect(output()).not.toContain('typ');
});

it('refuses an empty --token, and takes an empty environment variable for none', async () => {
  expect(await runCommandLine(['serve', model, '--port', '0', '--token', ''])).toMatchObject({
    code: 2,
    stderr: 'ts-fairseq: --token is empty; give a token, or leave the option out\n',
  });
  const { address } = await serve([], { TS_FAIRSEQ_TOKEN: '' });
  expect((await translate(address, { text: 'der typ' })).status).toBe(200);
});

it('answers many clients at a time', async () => {
  const { address } = await serve();
  const texts = Array.from({ length: 60 }, (_, index) => `der typ ${index}`);
  const answers = await Promise.all(texts.map(async (text) => (await translate(address, { text })).status));
  expect(answers).toEqual(texts.map(() => 200));
});

it.each([
  ['words', 'der '.repeat(100_000).trim()],
  ['an address that never ends', 'a.'.repeat(100_000)],
])(
  'a sentence of 100,000 tokens, %s, is refused with one line, or stopped, and harms no other request',
  async (_, text) => {
    const { address } = await serve(['--max-characters', '500000', '--timeout', '60']);
    const other = { text: 'der typ' };
    const alone = (await (await translate(address, other)).json()) as { translations: { text: string }[] };
    const cancelled = new AbortController();
    const long = translate(address, { text }, cancelled.signal).then(
      async (answer) => ({ status: answer.status, body: (await answer.json()) as object }),
      () => null,
    );
    for (let count = 0; count < 3; count += 1) {
      const answer = await translate(address, other);
      expect(answer.status).toBe(200);
      expect(await answer.json()).toEqual(alone);
    }
    cancelled.abort();
    await long;
    const tooLong = await translate(address, { text: text.repeat(3).slice(0, 500_001) });
    expect(tooLong.status).toBe(413);
    expect(await tooLong.json()).toEqual({ error: 'the text has 500001 characters, more than 500000' });
  },
);

it('a sentence of 100,000 tokens that takes too long is stopped', async () => {
  const { address } = await serve(['--max-characters', '500000', '--timeout', '0.5']);
  const answer = await translate(address, { text: 'der '.repeat(100_000) });
  expect(answer.status).toBe(408);
  expect(await answer.json()).toEqual({ error: 'the translation takes longer than 0.5 seconds' });
});

it('says why it cannot listen', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  const { code, stderr } = await new Promise<{ code: number | null; stderr: string }>((resolve) => {
    const child = spawn(process.execPath, [program, 'serve', model, '--port', String(port)]);
    let log = '';
    child.stderr.on('data', (data: Buffer) => (log += data.toString()));
    child.on('exit', (exitCode) => resolve({ code: exitCode, stderr: log }));
  });
  other.close();
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: `ts-fairseq: cannot listen on 127.0.0.1 port ${port}: another program uses it; choose another --port or --host\n`,
  });
});
