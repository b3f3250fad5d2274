/** How much of their speed do training and translation keep while other programs use the same processors? */
import { besideBusyProcess } from './harness/busy-process.js';
import { Contestant, training } from './harness/contestant.js';
import { modelSize } from './harness/model-size.js';
import type { ObservedTranslation } from './harness/observed-latency.js';
import { benchmarkOptions } from './harness/options.js';
import { inRepository } from './harness/paths.js';
import { median, percent, progress, publish } from './harness/report.js';

const options = benchmarkOptions({
  model: { type: 'string', default: 'small' },
  'max-tokens': { type: 'string', default: '1000' },
  path: { type: 'string', default: 'checkpoints/quickstart/averaged' }, // what translates
  corpus: { type: 'string', default: 'data-bin/embedded.de-en' },
  line: { type: 'string', default: 'die eigenschaft kann nicht als klassen@@ element verwendet werden .' },
  rounds: { type: 'string' },
  seconds: { type: 'string' }, // of training in each round
  before: { type: 'string' }, // another compiled checkout, which takes turns with this one
});
const rounds = Number(options.rounds ?? (options.short ? 1 : 5));
const seconds = Number(options.seconds ?? (options.short ? 2 : 5));
const translations = options.short ? 20 : 40;

/** Other work on the machine. */
type Company = 'nothing' | 'a busy process' | 'another one';
const COMPANY: readonly Company[] = ['nothing', 'a busy process', 'another one'];

interface Row {
  readonly project: string;
  readonly company: Company;
  readonly tokensPerSecond: number;
  readonly trainingShare: number; // relative to the speed without other work
  readonly latency: number; // s, median
  readonly worstLatency: number;
  readonly latencyRatio: number; // relative to the latency without other work
  readonly cpuSeconds: number; // of a translation
}

/** A checkout's processes; two of each, so that one can be the other work of the other. */
class Subject {
  readonly #trainings: readonly Contestant[];
  readonly #translators: readonly Contestant<ObservedTranslation>[];

  constructor(
    readonly name: string,
    project: string,
  ) {
    const { threads, corpus, path, line } = options;
    const criterion = ['--criterion', 'label_smoothed_cross_entropy'];
    const flags = [...modelSize(options.model).flags, ...criterion, '--max-tokens', options['max-tokens']];
    const latency = inRepository('dist/bench/harness/observed-latency.js');
    const command = [process.execPath, latency, project, path, corpus, String(threads), line];
    this.#trainings = [1, 2].map(() =>
      training(name, corpus, [...flags, '--max-epoch', '10000'], { threads, project }),
    );
    this.#translators = [1, 2].map(() => new Contestant(name, command, threads, { waits: true }));
  }

  /** Warms up compilers and caches. */
  async prepare(): Promise<void> {
    for (const run of this.#trainings) for (let update = 0; update < 20; update++) await run.next();
    for (const translator of this.#translators) for (let line = 0; line < 20; line++) await translator.next();
  }

  /** Target tokens per second, measured over some seconds. */
  async train(company: Company): Promise<number> {
    let ended = false;
    const companion = company === 'another one' ? repeat(this.#trainings[1]!, () => ended) : null;
    let [tokens, time] = [0, 0];
    while (time < seconds) {
      const update = await this.#trainings[0]!.next();
      tokens += update.targetTokens;
      time += update.seconds;
    }
    ended = true;
    await companion;
    return tokens / time;
  }

  async translate(company: Company): Promise<ObservedTranslation[]> {
    let ended = false;
    const companion = company === 'another one' ? repeat(this.#translators[1]!, () => ended) : null;
    const observed: ObservedTranslation[] = [];
    while (observed.length < translations) observed.push(await this.#translators[0]!.next());
    ended = true;
    await companion;
    return observed;
  }

  stop(): void {
    for (const process of [...this.#trainings, ...this.#translators]) process.stop();
  }
}

async function repeat<T>(contestant: Contestant<T>, isOver: () => boolean): Promise<void> {
  while (!isOver()) await contestant.next();
}

/** Runs `work`, with another program computing on one thread if that is the other work. */
const withOtherWork = <T>(company: Company, work: () => Promise<T>): Promise<T> =>
  company === 'a busy process' ? besideBusyProcess(work) : work();

const projects = [
  ...(options.before === undefined ? [] : [{ name: 'before', project: options.before }]),
  { name: 'now', project: inRepository('') },
];
const subjects = projects.map(({ name, project }) => new Subject(name, project));
const speeds = new Map<string, number[]>();
const observed = new Map<string, ObservedTranslation[]>();
const key = (subject: Subject, company: Company): string => `${subject.name} ${company}`;
try {
  for (const subject of subjects) await subject.prepare();
  for (let round = 1; round <= rounds; round++) {
    for (const company of COMPANY) {
      progress(`round ${round} of ${rounds}, other work: ${company}`);
      for (const subject of subjects) {
        const at = key(subject, company);
        speeds.set(at, [...(speeds.get(at) ?? []), await withOtherWork(company, () => subject.train(company))]);
        const translated = await withOtherWork(company, () => subject.translate(company));
        observed.set(at, [...(observed.get(at) ?? []), ...translated]);
      }
    }
  }
} finally {
  for (const subject of subjects) subject.stop();
}

function rowOf(subject: Subject, company: Company): Row {
  const speed = (of: Company): number => median(speeds.get(key(subject, of))!);
  const latencies = (of: Company): number[] => observed.get(key(subject, of))!.map(({ seconds: time }) => time);
  const latency = median(latencies(company));
  return {
    project: subject.name,
    company,
    tokensPerSecond: speed(company),
    trainingShare: speed(company) / speed('nothing'),
    latency,
    worstLatency: Math.max(...latencies(company)),
    latencyRatio: latency / median(latencies('nothing')),
    cpuSeconds: median(observed.get(key(subject, company))!.map(({ cpuSeconds }) => cpuSeconds)),
  };
}

publish(
  {
    benchmark: 'contention',
    note: `${options.corpus}, --max-tokens ${options['max-tokens']}; one line of ${options.line.split(' ').length} tokens, ${options.path}; ${rounds} rounds, medians`,
    columns: [
      { heading: 'checkout', value: ({ project }) => project },
      { heading: 'other work', value: ({ company }) => company },
      { heading: 'training tokens/s', value: ({ tokensPerSecond }) => tokensPerSecond },
      { heading: 'of alone', value: ({ trainingShare }) => percent(trainingShare) },
      { heading: 'a line, ms', value: ({ latency }) => 1000 * latency, digits: 1 },
      { heading: 'times alone', value: ({ latencyRatio }) => latencyRatio, digits: 2 },
      { heading: 'worst, ms', value: ({ worstLatency }) => 1000 * worstLatency, digits: 1 },
      { heading: 'CPU, ms', value: ({ cpuSeconds }) => 1000 * cpuSeconds, digits: 1 },
    ],
    rows: COMPANY.flatMap((company) => subjects.map((subject) => rowOf(subject, company))),
  },
  options,
);
