/** Does `ts-fairseq serve` keep its promises: speed beside `generate`, latency beside `interactive`, memory, start? */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { readManifest } from '../src/model-folder/open-model-folder.js';
import { placeholdersOf } from '../src/text/placeholders.js';
import { createSentenceSplitter } from '../src/text/sentences.js';
import { besideBusyProcess } from './harness/busy-process.js';
import { runCommand } from './harness/command.js';
import { Contestant } from './harness/contestant.js';
import { secondsToAnswer, secondsToOutput, secondsToTranslation } from './harness/first-output.js';
import { InteractiveProcess } from './harness/interactive-process.js';
import type { EventLoopReport } from './harness/observed-event-loop.js';
import type { Load, LoadReport } from './harness/observed-load.js';
import { benchmarkOptions } from './harness/options.js';
import { inRepository } from './harness/paths.js';
import { median, progress, publish } from './harness/report.js';
import { ServedModel } from './harness/served-model.js';
import { splitOfText } from './harness/split-of-text.js';
import { temporaryFolder } from './harness/temporary.js';

const options = benchmarkOptions({
  path: { type: 'string', default: 'models/quickstart' }, // a model folder
  text: { type: 'string', default: 'data-bin/embedded.de-en/text/raw/train.de' }, // a text a line; repeated if it is short
  lines: { type: 'string' }, // texts of a round
  clients: { type: 'string', default: '64' },
  'max-tokens': { type: 'string', default: '4000' }, // of a batch, for the server and for generate
  requests: { type: 'string' }, // after which the memory is compared with that after a tenth of them
  rounds: { type: 'string' },
  parts: { type: 'string', default: 'throughput,latency,concurrency,memory,start,event-loop' },
});
const { threads, short, path } = options;
const clients = Number(options.clients);
const rounds = Number(options.rounds ?? (short ? 1 : 5));
const requests = Number(options.requests ?? (short ? 20_000 : 100_000));
const server = { threads, maxTokens: Number(options['max-tokens']) };

/** Texts of one measurement of latency, and requests that are sent at the same time. */
const [LATENCY_TEXTS, CONCURRENT] = [short ? 50 : 200, 1000];
/** Requests before a measurement, for V8's compilers. */
const WARM_UP = 1000;
const SPEED = /\(([\d.]+) sentences\/s, ([\d.]+) tokens\/s\)/;

interface Row {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly compared: string; // with what
  readonly comparison: number; // its value
  readonly ratio: number;
  readonly bound: string;
}

/** A row without a comparison. */
const row = (what: string, value: number, unit: string, bound: string): Row => ({
  ...{ what, value, unit, bound, compared: '', comparison: Number.NaN, ratio: Number.NaN },
});

const work = temporaryFolder();
/** Texts without placeholders: if the model loses one, `serve` searches a second time, and `generate` does not. */
const all = readFileSync(options.text, 'utf8')
  .split('\n')
  .slice(0, -1)
  .filter((text) => placeholdersOf(text).length === 0);
const { source } = readManifest(path).languages;
const split = createSentenceSplitter(source);

/** Writes texts to a file, the first again after the last. */
function fileOf(name: string, texts: readonly string[], count: number): string {
  const file = join(work, name);
  writeFileSync(file, Array.from({ length: count }, (_, index) => `${texts[index % texts.length]}\n`).join(''));
  return file;
}

const lines = Number(options.lines ?? (short ? 1000 : 10_000));
const texts = fileOf('texts', all, lines);
const sentences = all.filter(
  (text) => split(text).every(({ kind }) => kind === 'sentence') && split(text).length === 1,
);

/** A server with its clients. */
class Subject {
  private constructor(
    readonly server: ServedModel,
    readonly clients: Contestant<LoadReport>,
  ) {}

  static async start(file: string): Promise<Subject> {
    const served = await ServedModel.start(path, server);
    const subject = new Subject(served, served.clients(file));
    await subject.send({ clients: Math.min(clients, WARM_UP), requests: WARM_UP, from: 0, check: false });
    return subject;
  }

  send(load: Load): Promise<LoadReport> {
    return this.clients.next(JSON.stringify(load));
  }

  async stop(): Promise<void> {
    this.clients.stop();
    await this.server.stop();
  }
}

async function withSubject<T>(file: string, work: (subject: Subject) => Promise<T>): Promise<T> {
  const subject = await Subject.start(file);
  try {
    return await work(subject);
  } finally {
    await subject.stop();
  }
}

/** Tokens per second of `generate` on the same sentences. */
async function speedOfGenerate(data: string): Promise<number> {
  const flags = ['--max-tokens', String(server.maxTokens), '--threads', String(threads), '--quiet'];
  const { messages } = await runCommand(['generate', data, '--path', path, ...flags], threads);
  const speed = messages.map((message) => SPEED.exec(message)).find((match) => match !== null);
  if (speed == null) throw new Error('generate logged no speed');
  return Number(speed[2]);
}

const ratios = (values: readonly number[], others: readonly number[]): number =>
  median(values.map((value, round) => value / others[round]!));

async function throughput(): Promise<Row[]> {
  const data = join(work, 'data');
  await splitOfText(path, texts, data);
  const [alone, busy, generate]: [number[], number[], number[]] = [[], [], []];
  let clientShare = 0;
  await withSubject(texts, async (subject) => {
    const speed = async (): Promise<number> => {
      const report = await subject.send({ clients, requests: lines, from: 0, check: true });
      if (report.failed + report.wrong > 0) throw new Error(`${report.failed + report.wrong} requests failed`);
      clientShare = Math.max(clientShare, report.cpuSeconds / report.seconds);
      return report.tokens / report.seconds;
    };
    for (let round = 1; round <= rounds; round++) {
      progress(`throughput, round ${round} of ${rounds}`);
      generate.push(await speedOfGenerate(data));
      alone.push(await speed());
      busy.push(await besideBusyProcess(speed));
    }
  });
  return [
    {
      ...row(`${clients} clients, ${lines} texts`, median(alone), 'tokens/s', '≥ 0.9'),
      ...{ compared: 'generate', comparison: median(generate), ratio: ratios(alone, generate) },
    },
    {
      ...row('the same beside a busy process', median(busy), 'tokens/s', '≥ 0.5'),
      ...{ compared: 'without it', comparison: median(alone), ratio: ratios(busy, alone) },
    },
    row('processor that the clients use, at most', clientShare, 'cores', ''),
  ];
}

const percentile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.ceil(share * values.length) - 1]!;

async function latency(): Promise<Row[]> {
  const interactive = new InteractiveProcess(path, threads);
  const [ours, theirs]: [number[][], number[][]] = [[], []];
  try {
    await withSubject(fileOf('sentences', sentences, sentences.length), async (subject) => {
      for (let text = 0; text < WARM_UP; text++) await interactive.answer(sentences[text % sentences.length]!);
      for (let round = 0; round < rounds; round++) {
        progress(`latency, round ${round + 1} of ${rounds}`);
        const [own, other]: [number[], number[]] = [[], []];
        for (let text = 0; text < LATENCY_TEXTS; text++) {
          const from = (round * LATENCY_TEXTS + text) % sentences.length;
          other.push(await interactive.answer(sentences[from]!));
          own.push(...(await subject.send({ clients: 1, requests: 1, from, check: false })).latencies);
        }
        ours.push(own);
        theirs.push(other);
      }
    });
  } finally {
    interactive.stop();
  }
  const rowOf = (share: number, bound: string): Row => {
    const [own, other] = [ours, theirs].map((found) => found.map((values) => percentile(values, share))) as [
      number[],
      number[],
    ];
    return {
      ...row(`latency of a sentence at 1 client, p${100 * share}`, 1000 * median(own), 'ms', bound),
      ...{ compared: 'interactive', comparison: 1000 * median(other), ratio: ratios(own, other) },
    };
  };
  return [rowOf(0.5, ''), rowOf(0.99, '≤ 2')];
}

async function concurrency(): Promise<Row[]> {
  progress(`${CONCURRENT} requests at the same time`);
  const { failed, wrong } = await withSubject(texts, (subject) =>
    subject.send({ clients: CONCURRENT, requests: CONCURRENT, from: 0, check: true }),
  );
  return [
    row(
      `${CONCURRENT} requests at the same time: without an answer, or with another's`,
      failed + wrong,
      'requests',
      '0',
    ),
  ];
}

async function memory(): Promise<Row[]> {
  const few = requests / 10;
  const brief = sentences.filter(({ length }) => length <= 40);
  const [early, late] = await withSubject(fileOf('brief', brief, brief.length), async (subject) => {
    const load = async (count: number): Promise<number> => {
      progress(`memory, ${count} requests`);
      const { failed } = await subject.send({ clients, requests: count, from: 0, check: false });
      if (failed > 0) throw new Error(`${failed} requests failed`);
      await setTimeout(2000);
      return subject.server.residentBytes / 2 ** 20;
    };
    return [await load(few - WARM_UP), await load(requests - few)] as const;
  });
  return [
    {
      ...row(`resident after ${requests} requests`, late, 'MiB', '≤ 1.05'),
      ...{ compared: `after ${few}`, comparison: early, ratio: late / early },
    },
  ];
}

async function start(): Promise<Row[]> {
  const [node, translate, serve]: [number[], number[], number[]] = [[], [], []];
  const text = sentences[0]!;
  for (let round = 0; round < 2 * rounds; round++) {
    progress(`start, round ${round + 1} of ${2 * rounds}`);
    node.push(await secondsToOutput(['-e', '0']));
    translate.push(await secondsToTranslation(path, text));
    serve.push(await secondsToAnswer(path, text, server));
  }
  const rowOf = (what: string, seconds: readonly number[]): Row => ({
    ...row(what, 1000 * median(seconds), 'ms', '≤ 300 ms'),
    ...{ compared: 'node -e 0', comparison: 1000 * median(node), ratio: ratios(seconds, node) },
  });
  return [
    rowOf('from the start of translate to the translation', translate),
    rowOf('from the start of serve to its first answer', serve),
  ];
}

async function eventLoop(): Promise<Row[]> {
  const program = inRepository('dist/bench/harness/observed-event-loop.js');
  const command = [process.execPath, program, path, texts, String(threads)];
  const contestant = new Contestant<EventLoopReport>('a program with the library', command, threads, { waits: true });
  const seconds = short ? 3 : 10;
  const [idle, translating]: [EventLoopReport[], EventLoopReport[]] = [[], []];
  try {
    await contestant.next('2 4'); // warms up
    for (let round = 0; round < rounds; round++) {
      progress(`event loop, round ${round + 1} of ${rounds}`);
      idle.push(await contestant.next(`${seconds} 0`));
      translating.push(await contestant.next(`${seconds} 4`));
    }
  } finally {
    contestant.stop();
  }
  const p999 = (reports: readonly EventLoopReport[]): number[] => reports.map((report) => 1000 * report.p999);
  return [
    {
      ...row("delay of the library's event loop, p99.9", median(p999(translating)), 'ms', '≤ 20 ms'),
      ...{
        compared: 'without translations',
        comparison: median(p999(idle)),
        ratio: ratios(p999(translating), p999(idle)),
      },
    },
  ];
}

const PARTS: Readonly<Record<string, () => Promise<Row[]>>> = {
  ...{ throughput, latency, concurrency, memory, start, 'event-loop': eventLoop },
};
const rows: Row[] = [];
for (const part of options.parts.split(',')) {
  const measure = PARTS[part];
  if (measure === undefined) {
    console.error(`bench: there is no part '${part}'; choose from ${Object.keys(PARTS).join(', ')}`);
    process.exit(2);
  }
  rows.push(...(await measure()));
}
publish(
  {
    benchmark: 'server',
    note: `${path}, ${options.text} without placeholders, --max-tokens ${server.maxTokens}; medians of ${rounds} rounds that alternate; ratio: value / comparison`,
    columns: [
      { heading: 'what', value: ({ what }) => what },
      { heading: 'value', value: ({ value }) => value, digits: 1 },
      { heading: 'unit', value: ({ unit }) => unit },
      { heading: 'compared with', value: ({ compared }) => compared },
      { heading: 'its value', value: ({ comparison }) => comparison, digits: 1 },
      { heading: 'ratio', value: ({ ratio }) => ratio, digits: 2 },
      { heading: 'bound', value: ({ bound }) => bound },
    ],
    rows,
    details: { path, text: options.text, maxTokens: server.maxTokens, rounds },
  },
  options,
);
