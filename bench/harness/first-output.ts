import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { HttpConnection } from './http-connection.js';
import { inRepository } from './paths.js';
import { ServedModel } from './served-model.js';

/** The seconds from the start of a process of Node to its first output, or to its end if it prints nothing. */
export async function secondsToOutput(args: readonly string[]): Promise<number> {
  const start = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(child, 'close');
  await Promise.race([once(child.stdout, 'data'), ended]);
  const seconds = (performance.now() - start) / 1000;
  child.stdout.resume();
  const [code] = (await ended) as [number | null];
  if (code !== 0) throw new Error(`node ${args.join(' ')} failed`);
  return seconds;
}

/** The seconds from the start of `ts-fairseq translate` to the translation. */
export const secondsToTranslation = (folder: string, text: string): Promise<number> =>
  secondsToOutput([inRepository('bin/ts-fairseq.js'), 'translate', folder, text]);

/** The seconds from the start of `ts-fairseq serve` to its first answer. */
export async function secondsToAnswer(
  folder: string,
  text: string,
  settings: { readonly threads: number; readonly maxTokens: number },
): Promise<number> {
  const start = performance.now();
  const server = await ServedModel.start(folder, settings);
  try {
    const connection = await HttpConnection.open(server.port);
    await connection.post('/translate', JSON.stringify({ text }));
    connection.close();
    return (performance.now() - start) / 1000;
  } finally {
    await server.stop();
  }
}
