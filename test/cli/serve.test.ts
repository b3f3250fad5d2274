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
async function serve(...argv: string[]): Promise<{ address: string; output: () => string; child: ChildProcess }> {
  const child = spawn(process.execPath, [program, 'serve', model, '--port', '0', ...argv]);
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

const translate = (address: string, body: object): Promise<Response> =>
  fetch(`${address}/translate`, {
    method: 'POST',
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

it('answers many clients at a time', async () => {
  const { address } = await serve();
  const texts = Array.from({ length: 60 }, (_, index) => `der typ ${index}`);
  const answers = await Promise.all(texts.map(async (text) => (await translate(address, { text })).status));
  expect(answers).toEqual(texts.map(() => 200));
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
