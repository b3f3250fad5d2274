/**
 * Clients of a server, in a process of their own: each sends its next request when it has its answer. Runs a load for each line
 * on stdin, and reports it. `node observed-load.js PORT LINES`; LINES is a file of texts.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { type HttpAnswer, HttpConnection } from './http-connection.js';

/** What a line on stdin asks for. */
export interface Load {
  readonly clients: number;
  readonly requests: number;
  /** The first text. After the last one of the file comes its first again. */
  readonly from: number;
  /** Whether answers are compared with their texts and their tokens are counted, after the last one has arrived. */
  readonly check: boolean;
}

/** What is measured of a load. */
export interface LoadReport {
  readonly seconds: number; // from the first request to the last answer
  readonly cpuSeconds: number; // of the clients
  readonly latencies: readonly number[]; // s, in the order of the requests
  readonly failed: number; // answers with another status than 200
  readonly wrong: number; // answers to another text
  readonly tokens: number; // of all translations, including </s>
}

interface Answer {
  readonly translations: readonly {
    readonly sentences: readonly { readonly source: string; readonly tokens: readonly string[] }[];
  }[];
}

const [port, file] = process.argv.slice(2) as [string, string];
const texts = readFileSync(file, 'utf8').split('\n').slice(0, -1);
const bodies = texts.map((text) => JSON.stringify({ text }));
const connections: HttpConnection[] = [];

const seconds = (): number => performance.now() / 1000;
const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** Whether a text contains all sentences, in order. */
function contains(text: string, sentences: Answer['translations'][number]['sentences']): boolean {
  let position = 0;
  return sentences.every(({ source }) => {
    const found = text.indexOf(source, position);
    position = found + source.length;
    return found >= 0;
  });
}

async function run({ clients, requests, from, check }: Load): Promise<LoadReport> {
  while (connections.length < clients) connections.push(await HttpConnection.open(Number(port)));
  const answers: (HttpAnswer & { readonly text: string })[] = [];
  const latencies: number[] = [];
  let [next, failed] = [0, 0];
  const client = async (connection: HttpConnection): Promise<void> => {
    while (next < requests) {
      const request = next++;
      const index = (from + request) % texts.length;
      const sent = seconds();
      const answer = await connection.post('/translate', bodies[index]!);
      latencies[request] = seconds() - sent;
      if (answer.status !== 200) failed += 1;
      else if (check) answers.push({ ...answer, text: texts[index]! });
    }
  };
  const [start, cpuStart] = [seconds(), cpuSeconds()];
  await Promise.all(connections.slice(0, clients).map(client));
  const time = { seconds: seconds() - start, cpuSeconds: cpuSeconds() - cpuStart };
  let [wrong, tokens] = [0, 0];
  for (const { body, text } of answers) {
    const sentences = (JSON.parse(body.toString()) as Answer).translations.flatMap(
      (translation) => translation.sentences,
    );
    tokens += sentences.reduce((sum, sentence) => sum + sentence.tokens.length, 0);
    if (!contains(text, sentences)) wrong += 1;
  }
  return { ...time, latencies, failed, wrong, tokens };
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await run(JSON.parse(line) as Load))}\n`);
}
for (const connection of connections) connection.close();
